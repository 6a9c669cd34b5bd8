"""The sweep: every record, head, split and balance verified again, against the auditor's own node."""
