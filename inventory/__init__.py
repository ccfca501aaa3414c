"""The catalogue, warehouses and bins, the stock ledger, and what is promised of it."""
