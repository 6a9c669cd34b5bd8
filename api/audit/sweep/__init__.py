"""The sweep: it verifies every record, head, split and balance again, against the auditor's own node."""
