"""The one growing log: its tree, its state root, its checkpoints and its tiles."""
