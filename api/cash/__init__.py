"""The bank's token and balances."""
