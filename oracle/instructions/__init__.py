"""Requests to the oracle: the one way in for the API and the commands."""
