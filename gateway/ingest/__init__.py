"""What happens to a record between its arrival and its acknowledgement."""
