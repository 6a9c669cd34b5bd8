"""The API and the pages: one folder a noun."""
