"""The business day: its closing phase by phase, its books and its report."""
