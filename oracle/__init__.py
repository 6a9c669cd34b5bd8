"""Facts out of verified records: batches, heads, matching, revenue; and the projections that others read."""
