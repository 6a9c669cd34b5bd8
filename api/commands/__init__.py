"""``counterfoil api`` and ``counterfoil assets``."""
