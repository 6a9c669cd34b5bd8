"""The gateway's connections to others: MQTT, HTTP, readers of the log, and brokers of a fleet's own."""
