"""Audits: bundles for a device and a period, their verification, and the sweep of a whole log."""
