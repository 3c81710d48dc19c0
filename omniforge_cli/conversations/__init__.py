"""Remembering: stored conversations and the context made from them."""
