"""All input and output of the Python side: Kafka, InfluxDB and the journal."""
