"""The log as this process believes it, and the heads that it anchors."""
