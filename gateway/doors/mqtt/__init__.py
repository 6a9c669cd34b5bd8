"""The part of MQTT 3.1.1 and 5 that a device needs to hand in records."""
