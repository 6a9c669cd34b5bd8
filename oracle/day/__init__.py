"""The business day: closed phase by phase, its books read and reported."""
