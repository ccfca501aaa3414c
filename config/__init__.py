"""Wiring: settings, addresses and the commands that make a demo. Nothing imports it."""
