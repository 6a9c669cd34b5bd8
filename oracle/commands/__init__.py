"""What is typed at a terminal."""
