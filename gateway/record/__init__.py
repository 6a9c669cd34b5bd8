"""A signed record: its bytes, what they say, and whether it is to be believed. Pure."""
