"""A witness: it checks that each head of a log begins with the one before, and cosigns it."""
