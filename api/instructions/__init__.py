"""Writes are left as instructions, and read back."""
