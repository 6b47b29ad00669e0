"""The report: what InfluxDB holds of a span of time, as one HTML page."""
