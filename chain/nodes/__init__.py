"""Starts and stops the nodes of a chain."""
