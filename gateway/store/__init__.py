"""What the gateway keeps: accepted records in the log's order, refused ones, evidence, and the devices' keys."""

from counterfoil.gateway.store.store import GatewayStore, NewRecord, RefusedRecord, open_store

__all__ = ["GatewayStore", "NewRecord", "RefusedRecord", "open_store"]
