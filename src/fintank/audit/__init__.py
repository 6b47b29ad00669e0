"""What `invoke audit` does: it decides everything again, and compares."""
