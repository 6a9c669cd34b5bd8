"""The contracts' arithmetic of a credit line, to the minor unit. Pure."""
