"""The gateway's process: its settings, its doors, its metrics, and how they are put together."""
