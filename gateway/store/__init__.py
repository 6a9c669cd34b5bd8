"""What the gateway keeps: accepted records in the log's order, refused ones, evidence, and keys."""
