"""A bank's messages: statements in, payments out."""
