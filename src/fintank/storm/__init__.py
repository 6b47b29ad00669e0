"""What `sparse` calls: its checks and hooks, the program `storm`, the topology class, remote workers."""
