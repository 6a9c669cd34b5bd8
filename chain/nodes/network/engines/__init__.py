"""The programs that a network's nodes run, behind one protocol."""
