"""Reconciliation: the venue's account against the journal."""
