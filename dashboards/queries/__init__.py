"""Reads of the manager's page: periods, figures, and what they are made of."""

from dashboards.queries.board import Board, board
from dashboards.queries.periods import Period, period_of

__all__ = ["Board", "Period", "board", "period_of"]
