"""The messages of the topics: JSON, and their schemas."""
