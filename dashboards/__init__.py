"""Managers' figures: saved views, targets and daily roll-ups."""
