"""The manager's page and what stands behind its figures."""

from dashboards.views.board import BoardView

__all__ = ["BoardView"]
