"""The checks of `invoke reconcile`."""
