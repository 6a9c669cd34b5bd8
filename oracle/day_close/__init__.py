"""The business day: the date moves on, what falls due is marked, revenue repays loans, the books are compared.

``plan`` and ``reconcile`` are pure; ``books`` reads the database and the chain; ``close`` drives a day through its
phases; ``clock`` asks for it by the time of day.
"""
