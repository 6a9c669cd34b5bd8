"""What a file is and whether it is true, as far as the file alone can tell."""
