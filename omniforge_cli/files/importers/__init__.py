"""Eval sets in other tools' file forms."""
