"""JSON and line protocol to values and back: the only place that knows field names on the wire."""
