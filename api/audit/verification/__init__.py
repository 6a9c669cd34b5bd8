"""Whether a bundle proves what it says. Pure: bytes in, a report out."""
