"""Shares in projects."""
