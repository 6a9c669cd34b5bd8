"""One of the oracle's nodes: its own copy of the log, and a signature only on what it found true there."""
