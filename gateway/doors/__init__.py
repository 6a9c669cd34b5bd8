"""Where bytes come in and go out: MQTT, HTTP, readers of the log, and brokers of a fleet's own."""
