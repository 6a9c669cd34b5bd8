"""What a node signs: proposals, their digests, and the checks of each. Pure."""
