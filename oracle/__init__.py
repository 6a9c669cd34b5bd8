"""Turns verified records into facts: heads, matched sales, revenue, and the tables that others read."""
