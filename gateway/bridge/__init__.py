"""For fleets with a broker of their own: records from Mosquitto or NATS into the store, and receipts back."""
