"""As much of MQTT 3.1.1 and 5 as a device needs to hand in records, and no more."""
