"""The deciders: facts, figures, waterfalls, loans, schedules, and what a node signs. Pure."""
