"""The live view in the terminal: prices, orders, fills, positions and rates, from the topics."""
