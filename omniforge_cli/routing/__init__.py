"""Deciding: from a message to a routing decision."""
