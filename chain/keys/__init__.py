"""Keys that sign, and where their passphrases come from."""
