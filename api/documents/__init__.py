"""Commitments on chain, and the opened fields that belong to them."""
