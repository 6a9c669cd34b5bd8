"""The chain's health, and transactions to be signed elsewhere."""
