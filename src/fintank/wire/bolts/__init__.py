"""What the bolts send to each other."""
