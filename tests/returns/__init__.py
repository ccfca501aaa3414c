"""Tests of returns: what came, where it went, and what it was worth."""
