"""The warehouse's pages: what comes, what can be released, picked, packed, counted and put back, and paper."""

from warehouse.views.counting import CountQueueView, CountView
from warehouse.views.packing import PackOrdersView, PackOrderView, PackQueueView, UnpackParcelView
from warehouse.views.papers import PackingSlipView, PickListView
from warehouse.views.picking import PickOrdersView, PickTaskView, ShortTaskView, WaveQueueView, WaveView
from warehouse.views.putting_back import PutBackGoodsView, PutBackOneView, PutBackQueueView, PutBackWalkView
from warehouse.views.receiving import ArrivalQueueView, ReceiveView
from warehouse.views.releasing import ReleaseOrdersView, ReleaseQueueView

__all__ = [
    "ArrivalQueueView",
    "CountQueueView",
    "CountView",
    "PackOrderView",
    "PackOrdersView",
    "PackQueueView",
    "PackingSlipView",
    "PickListView",
    "PickOrdersView",
    "PickTaskView",
    "PutBackGoodsView",
    "PutBackOneView",
    "PutBackQueueView",
    "PutBackWalkView",
    "ReceiveView",
    "ReleaseOrdersView",
    "ReleaseQueueView",
    "ShortTaskView",
    "UnpackParcelView",
    "WaveQueueView",
    "WaveView",
]
