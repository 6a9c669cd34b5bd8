"""The steps that close a business day, and the comparison of its books. Pure."""
