"""Every write of the warehouse: receiving, releasing into waves, picking, packing, putting back, closing waves."""

from warehouse.services.counting import count_bin
from warehouse.services.expiring import expire_lots
from warehouse.services.inspecting import inspect_goods
from warehouse.services.keeping_lots import date_lot, hold_lot, lift_lot
from warehouse.services.packing import Box, NothingToPack, Packed, Unpacked, pack_orders, pack_parcels, unpack_parcels
from warehouse.services.picking import Picked, pick_orders, pick_tasks
from warehouse.services.putting_back import put_back_goods
from warehouse.services.recalling import recall_units
from warehouse.services.receiving import receive_goods
from warehouse.services.releasing import Released, complete_waves, release_orders
from warehouse.services.shorting import Short, Shorted, WrongUnits, pick_short
from warehouse.services.transferring import receive_transfer, send_transfer
from warehouse.services.zero_checking import check_empty

__all__ = [
    "Box",
    "NothingToPack",
    "Packed",
    "Picked",
    "Released",
    "Short",
    "Shorted",
    "Unpacked",
    "WrongUnits",
    "check_empty",
    "complete_waves",
    "count_bin",
    "date_lot",
    "expire_lots",
    "hold_lot",
    "inspect_goods",
    "lift_lot",
    "pack_orders",
    "pack_parcels",
    "pick_orders",
    "pick_short",
    "pick_tasks",
    "put_back_goods",
    "recall_units",
    "receive_goods",
    "receive_transfer",
    "release_orders",
    "send_transfer",
    "unpack_parcels",
]
