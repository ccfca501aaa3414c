"""Targets: what a figure of the manager's page should come to, set by who may, taken away by leaving it empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.models import User
from core.roles import require
from core.transactions import atomic
from dashboards.models import Target


@dataclass(frozen=True, slots=True)
class TargetValue:
    """What a figure should come to; None takes its target away."""

    figure: str
    value: Decimal | None


@atomic
def set_targets(*, company_id: int, targets: Sequence[TargetValue], actor: User, at: datetime) -> int:
    """Set targets of a company's figures, and return how many changed.

    :raises NotAllowed: where the actor may not set targets.
    """
    require(actor, "dashboards.set_targets")
    kept = {target.figure: target for target in Target.objects.filter(company=company_id).locked()}
    changed = 0
    for asked in targets:
        target = kept.get(asked.figure)
        if asked.value is None:
            if target:
                target.delete()
                changed += 1
        elif target is None or target.value != asked.value:
            target = target or Target(company_id=company_id, figure=asked.figure)
            target.value, target.set_by, target.set_at = asked.value, actor, at
            target.save()
            changed += 1
    return changed
