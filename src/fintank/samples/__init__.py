"""What the commands send to Kafka: made-up ticks and orders, and quotes from files."""
