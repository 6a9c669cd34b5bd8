"""``oracle.db``: its own tables, one file per noun, and their migrations."""
