"""The life of one order, reconstructed from the topics."""
