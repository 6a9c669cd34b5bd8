"""Proofs from block headers and signatures alone. Pure."""
