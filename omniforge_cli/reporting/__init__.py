"""A Report -> text."""
