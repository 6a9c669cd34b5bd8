"""Anchored heads and who signs them."""
