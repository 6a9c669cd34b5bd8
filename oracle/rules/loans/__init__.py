"""A credit line's arithmetic as the contracts do it, to the minor unit. Pure."""
