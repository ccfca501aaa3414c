"""Tests in a real browser: what a person at the screen sees and does."""
