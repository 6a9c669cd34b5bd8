"""Nodes of a chain, to be started and stopped."""
