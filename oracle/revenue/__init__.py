"""From signed sales and settled payments to distributions."""
