"""What `invoke reshard` does: it divides what all shards remember among another number of shards."""
