"""The local services and what starts them: supervisord, Kafka, InfluxDB, the `storm` command."""
