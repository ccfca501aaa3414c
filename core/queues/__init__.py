"""Queues: one view lists the work that waits, another does a verb to some of it. Apps' views are attribute lists."""

from core.queues.acting import QueueActionView
from core.queues.declaring import BulkAction, Tab
from core.queues.filtering import QueueFilter
from core.queues.listing import MOST_ROWS, PAGE_SIZE, QueueView
from core.queues.running import SLICE, Run
from core.queues.watching import Alert, Work

__all__ = [
    "MOST_ROWS",
    "PAGE_SIZE",
    "SLICE",
    "Alert",
    "BulkAction",
    "QueueActionView",
    "QueueFilter",
    "QueueView",
    "Run",
    "Tab",
    "Work",
]
