"""Certificates and requests for them: what they say and whether they are valid. Pure."""
