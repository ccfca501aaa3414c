"""Every write of the warehouse: releasing orders into waves, picking, packing, and closing waves."""

from warehouse.services.packing import Packed, pack_orders
from warehouse.services.picking import Picked, pick_orders, pick_tasks
from warehouse.services.releasing import Released, complete_waves, release_orders

__all__ = [
    "Packed",
    "Picked",
    "Released",
    "complete_waves",
    "pack_orders",
    "pick_orders",
    "pick_tasks",
    "release_orders",
]
