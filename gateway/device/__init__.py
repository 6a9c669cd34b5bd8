"""The device's side: its keys, its durable journal of signed records, and sending them."""
