"""Lines of credit, loans, and the takings that support them."""
