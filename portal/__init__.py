"""Buyers' pages: tracking, documents and requests."""
