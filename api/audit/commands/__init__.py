"""``counterfoil audit``."""
