"""What an auditor holds in hand: bundles for a device and a period, and their verification."""
