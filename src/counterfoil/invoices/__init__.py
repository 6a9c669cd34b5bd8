"""A file of trade invoices, run through the claims: registered in batches, confirmed, settled as the file says."""
