"""For fleets with a broker of their own: records from Mosquitto or NATS, and receipts back."""
