"""Backups of a house, and houses made from backups."""
