"""Facts out of verified records: heads, matching, revenue, and the projections that others read."""
