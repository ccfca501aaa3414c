"""The manager's page, its targets, and what stands behind its figures."""

from dashboards.views.behind import LinesView, OccurrencesView, OrdersView
from dashboards.views.board import BoardView
from dashboards.views.targets import TargetsView

__all__ = ["BoardView", "LinesView", "OccurrencesView", "OrdersView", "TargetsView"]
