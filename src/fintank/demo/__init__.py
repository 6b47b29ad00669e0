"""The demo: the services and the topology it runs, what it sends, and what it checks."""
