"""Shipping: what leaves the house, with whom, and at which cost."""
