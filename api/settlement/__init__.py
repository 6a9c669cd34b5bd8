"""Deals and quotes."""
