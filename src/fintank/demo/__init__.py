"""The demo: what it sends, what it watches, and what it proves."""
