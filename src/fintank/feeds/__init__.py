"""Live quotes: one exchange a file, and the loop that records them."""
