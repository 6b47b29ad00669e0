"""The report: a span of time as InfluxDB recorded it, as one HTML page."""
