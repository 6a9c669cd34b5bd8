"""Receivables, payables, orders, and their parts."""
