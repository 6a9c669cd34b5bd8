"""One file per contract: its tables, and the handlers that its events change them by. Handlers never commit."""
