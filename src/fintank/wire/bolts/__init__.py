"""What the bolts send each other."""
