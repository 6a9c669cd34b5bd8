"""The bank's files."""
