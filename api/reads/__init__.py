"""What the API reads from the two databases: queries, and nothing that writes."""
