"""The life of one order, told from the topics."""
