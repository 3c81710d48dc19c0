"""Wrappers round a Provider, each a Provider itself."""
