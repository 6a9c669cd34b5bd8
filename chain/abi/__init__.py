"""The compiled contracts, and what their bytes say. Pure."""
