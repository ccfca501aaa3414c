"""Inventory's reads that join or aggregate."""
