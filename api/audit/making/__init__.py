"""Bundles made: from the gateway's store, ``oracle.db`` and a node."""
