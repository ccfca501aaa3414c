"""What inventory keeps: the catalogue, the places, the stock ledger and the promise."""

from inventory.models.catalogue import KitComponent, Product, Substitute, Unit, gtin_check_digit
from inventory.models.channels import Channel, ChannelPool
from inventory.models.costs import LateCost, LateCostShare
from inventory.models.inspections import Inspection, InspectionStep
from inventory.models.layers import CostLayer
from inventory.models.lots import Lot, LotChange
from inventory.models.places import Bin, Warehouse, WarehouseAccess, WarehouseQuerySet, accesses_of
from inventory.models.planning import PlanningFigure, ServiceLevel
from inventory.models.promise import Allocation, BrokenPeg, Demand
from inventory.models.routes import Calendar, Lane
from inventory.models.stock import BinStock, StockLevel, StockMove, StockPosting
from inventory.models.supply import (
    ReorderRule,
    Supplier,
    SupplierItem,
    SupplierMail,
    SupplierOrder,
    SupplierOrderLine,
    SupplierPriceBreak,
)
from inventory.models.transfers import Transfer, TransferLine, TransferPosting

__all__ = [
    "Allocation",
    "Bin",
    "BinStock",
    "BrokenPeg",
    "Calendar",
    "Channel",
    "ChannelPool",
    "CostLayer",
    "Demand",
    "Inspection",
    "InspectionStep",
    "KitComponent",
    "Lane",
    "LateCost",
    "LateCostShare",
    "Lot",
    "LotChange",
    "PlanningFigure",
    "Product",
    "ReorderRule",
    "ServiceLevel",
    "StockLevel",
    "StockMove",
    "StockPosting",
    "Substitute",
    "Supplier",
    "SupplierItem",
    "SupplierMail",
    "SupplierOrder",
    "SupplierOrderLine",
    "SupplierPriceBreak",
    "Transfer",
    "TransferLine",
    "TransferPosting",
    "Unit",
    "Warehouse",
    "WarehouseAccess",
    "WarehouseQuerySet",
    "accesses_of",
    "gtin_check_digit",
]
