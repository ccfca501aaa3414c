"""Taking a lane away: the place is served by the lane of its country then, or by none."""

from __future__ import annotations

from core.models import User
from core.roles import require
from core.transactions import atomic
from inventory.models import Lane, Warehouse


@atomic
def drop_lane(*, lane_id: int, actor: User) -> None:
    """Serve a place no longer by a lane of its own; what was promised keeps its day.

    :raises NotAllowed: where the actor may not keep sites.
    :raises Lane.DoesNotExist: where it is of a warehouse in which the actor does not work.
    """
    require(actor, "inventory.keep_sites")
    Lane.objects.filter(warehouse__in=Warehouse.objects.for_user(actor)).get(pk=lane_id).delete()
