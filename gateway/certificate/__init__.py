"""Certificates and requests for them: what they say and whether they hold. Pure."""
