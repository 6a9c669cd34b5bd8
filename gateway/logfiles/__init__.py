"""The log as files: written here, read from a folder or over HTTP."""
