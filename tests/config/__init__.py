"""Tests of the wiring: settings, demo data, commands."""
