"""The oracle's status, for its commands and for the API. Nothing is written."""
