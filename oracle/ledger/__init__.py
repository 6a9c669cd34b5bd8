"""One file a contract: its tables, and what its events make of them; handlers never commit."""
