"""``oracle.db``: its own tables, one file a noun, and their migrations."""
