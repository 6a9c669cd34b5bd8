"""Proposals that a node signs: their bytes, digests and checks. Pure."""
