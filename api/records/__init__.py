"""Records and the machines that signed them."""
