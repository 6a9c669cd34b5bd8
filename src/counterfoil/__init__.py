"""Counterfoil: machines sign what they sell, banks keep the half that proves it."""

__version__ = "0.1.0"
