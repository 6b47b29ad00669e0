"""The local services and what starts them: supervisord, Kafka, the databases, the `storm` command."""
