"""Tests of the machinery behind the Makefile."""
