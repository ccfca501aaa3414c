"""What people type on inventory's pages."""

from inventory.forms.catalogue import (
    AcknowledgeForm,
    DraftForm,
    KitForm,
    OrderForm,
    ReorderRuleForm,
    SupplierForm,
    SupplierItemForm,
)
from inventory.forms.channels import ChannelForm, PoolForm
from inventory.forms.products import ProductForm
from inventory.forms.sites import CalendarForm, LaneForm, WarehouseForm
from inventory.forms.substitutes import SubstituteForm

__all__ = [
    "AcknowledgeForm",
    "CalendarForm",
    "ChannelForm",
    "DraftForm",
    "KitForm",
    "LaneForm",
    "OrderForm",
    "PoolForm",
    "ProductForm",
    "ReorderRuleForm",
    "SubstituteForm",
    "SupplierForm",
    "SupplierItemForm",
    "WarehouseForm",
]
