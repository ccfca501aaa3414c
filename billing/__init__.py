"""Invoices, payments and their documents."""
