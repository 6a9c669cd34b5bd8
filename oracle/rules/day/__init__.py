"""What closing a business day has to do, and what its books must say. Pure."""
