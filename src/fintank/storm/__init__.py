"""What sparse calls: hooks, the storm command, the bridge to the graph, remote workers."""
