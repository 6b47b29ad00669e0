"""The messages of the topics: their schemas, reading and writing them."""
