"""A witness: it has seen the log's heads, each a beginning of the next, and says so with its signature."""
