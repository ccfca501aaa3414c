"""Customers, prices, taxes, sales orders and everything that is known about one."""
