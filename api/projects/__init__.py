"""Projects, their splits, and who takes part."""
