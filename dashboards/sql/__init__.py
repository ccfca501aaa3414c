"""The statements of dashboards: what orders came to (facts), and the figures of days made of it (figures)."""
