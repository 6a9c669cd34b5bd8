"""How the oracle is doing: read by its commands and by the API; nothing is written."""
