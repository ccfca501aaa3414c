"""The demo company: the extract of a real retailer's file, and how it is taken through the services (README.md)."""
