"""Nodes of a chain, to be started and stopped: the embedded ones for a single machine."""

from counterfoil.chain.nodes.embedded import EmbeddedNode, keep_mnemonic, start_node

__all__ = ["EmbeddedNode", "keep_mnemonic", "start_node"]
