"""The compiled contracts, and the decoding of their bytes. Pure."""
