"""The formats of other makers' machines and systems: a file for each, with a pure parser."""
