"""Warehouse receipts, pledges and prices."""
