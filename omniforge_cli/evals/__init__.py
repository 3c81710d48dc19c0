"""Measuring: eval and replay."""
