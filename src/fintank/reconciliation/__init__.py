"""What `invoke reconcile` checks. All but `reading` and `storage` is pure: facts in, breaks out."""
