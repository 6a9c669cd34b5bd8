"""A signed record: its bytes, what they say, and whether it is true. Pure."""
