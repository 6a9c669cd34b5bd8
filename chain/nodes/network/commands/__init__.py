"""``counterfoil network``."""
