"""The warehouse's pages: what comes, what can be released, picked, packed, counted and put back, and paper."""

from warehouse.views.counting import CountQueueView, CountView
from warehouse.views.inspecting import ClearRejectedView, InspectionQueueView, InspectionView
from warehouse.views.lots import DateLotView, HoldLotView, LiftLotView
from warehouse.views.packing import PackOrdersView, PackOrderView, PackQueueView, UnpackParcelView
from warehouse.views.papers import PackingSlipView, PickListView
from warehouse.views.picking import CheckEmptyView, PickOrdersView, PickTaskView, ShortTaskView, WaveQueueView, WaveView
from warehouse.views.putting_back import PutBackGoodsView, PutBackOneView, PutBackQueueView, PutBackWalkView
from warehouse.views.receiving import ArrivalQueueView, ReceiveView
from warehouse.views.releasing import ReleaseOrdersView, ReleaseQueueView
from warehouse.views.transfers import (
    CancelTransfersView,
    CreateTransferView,
    DateTransferView,
    ReceiveTransferView,
    SendTransferView,
    TransferQueueView,
    TransferSlipView,
    TransferView,
)

__all__ = [
    "ArrivalQueueView",
    "CancelTransfersView",
    "CheckEmptyView",
    "ClearRejectedView",
    "CountQueueView",
    "CountView",
    "CreateTransferView",
    "DateLotView",
    "DateTransferView",
    "HoldLotView",
    "InspectionQueueView",
    "InspectionView",
    "LiftLotView",
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
    "ReceiveTransferView",
    "ReceiveView",
    "ReleaseOrdersView",
    "ReleaseQueueView",
    "SendTransferView",
    "ShortTaskView",
    "TransferQueueView",
    "TransferSlipView",
    "TransferView",
    "UnpackParcelView",
    "WaveQueueView",
    "WaveView",
]
