"""Made-up ticks and orders, and quotes from CSV."""
