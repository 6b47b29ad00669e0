"""The report: a span of time as the sink recorded it, as one HTML page."""
