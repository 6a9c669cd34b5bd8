"""The only place that talks to an EVM."""
