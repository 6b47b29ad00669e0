"""All input and output of the Python side: Kafka, the journal, Nimbus and the databases."""
