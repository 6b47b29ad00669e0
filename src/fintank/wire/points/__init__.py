"""InfluxDB: line protocol, points written and points read back."""
