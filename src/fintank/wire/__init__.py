"""Messages as JSON and as line protocol: the only package that knows the names of fields outside Python."""
