"""What every route stands on: who asks, problems, pages of a list, calls to the chain."""
