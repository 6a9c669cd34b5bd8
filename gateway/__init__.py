"""Records in: verified, stored, promised and logged."""
