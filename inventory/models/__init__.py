"""What inventory keeps: the catalogue, the places, the stock ledger and the promise."""

from inventory.models.catalogue import Product, Unit, gtin_check_digit
from inventory.models.places import Bin, Warehouse, WarehouseAccess, WarehouseQuerySet, accesses_of
from inventory.models.promise import Allocation, Demand
from inventory.models.stock import BinStock, StockLevel, StockMove, StockPosting

__all__ = [
    "Allocation",
    "Bin",
    "BinStock",
    "Demand",
    "Product",
    "StockLevel",
    "StockMove",
    "StockPosting",
    "Unit",
    "Warehouse",
    "WarehouseAccess",
    "WarehouseQuerySet",
    "accesses_of",
    "gtin_check_digit",
]
