"""Faults of the oracle's rules, declared once: a file a noun. Pure."""
