"""The device CA on disk: keys, certificates, and the register of both."""
