"""Arithmetic over samples: metrics, statistics, gates."""
