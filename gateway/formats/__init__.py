"""What other makers' machines and systems write: one format a file, each a pure parser."""
