"""Components of kits that came back: what each is worth by the price share that its order froze (PRODUCT.md J6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from django.db.models import F, Sum

from billing import queries as billing_queries
from billing import services as billing_services
from core.money import ZERO, cumulative_share, exponent, spread
from orders.models import LinePart
from returns.models import ReturnLine, ReturnOrder, ReturnSettlement

MONEY = (ReturnSettlement.Kind.CREDIT, ReturnSettlement.Kind.REFUND)


class ReturnedComponents:
    """The components of a return, credited by amount: the kit stays billed, with less for what came back of it.

    An invoice bills whole kits, and its net for them is shared over all components of these. Whose units came back
    before takes the first of them, so that all returns of all components come to that net, to the cent.
    """

    def __init__(self, lines: Sequence[ReturnLine], currency: str) -> None:
        self.currency = currency
        self.wanted: dict[int, Decimal] = defaultdict(Decimal)
        for line in lines:
            if line.part.ratio is not None:
                self.wanted[line.part_id] += line.received - line.sent_back + line.lost
        of_line: dict[int, list[LinePart]] = defaultdict(list)
        line_ids = {line.part.line_id for line in lines if line.part.ratio is not None}
        for part in LinePart.objects.filter(line__in=line_ids).order_by("pk") if line_ids else ():
            of_line[part.line_id].append(part)
        self.parts = dict(of_line)
        settled = ReturnLine.objects.filter(
            part__in=self.wanted,
            return_order__status=ReturnOrder.Status.SETTLED,
            return_order__settlement__kind__in=MONEY,
        )
        units = settled.order_by().values("part").annotate(units=Sum(F("received") - F("sent_back") + F("lost")))
        self.before = defaultdict(Decimal, units.values_list("part", "units") if self.wanted else ())

    @property
    def missing(self) -> Decimal:
        """How many units no invoice bills."""
        return sum(self.wanted.values(), ZERO)

    def take(self, left: Iterable[billing_queries.LeftToCredit]) -> Iterator[billing_services.CreditedLine]:
        """Yield the amount to credit of each of an invoice's lines, and lower what is wanted by it."""
        for rest in left:
            parts = self.parts.get(rest.line.order_line_id, ())
            amount = sum((self._worth(part, whole, rest) for part, whole in self._wholes(parts, rest)), ZERO)
            if min(amount, rest.net) > 0:
                yield billing_services.CreditedLine(rest.line.pk, amount=min(amount, rest.net))

    def _wholes(
        self, parts: Sequence[LinePart], rest: billing_queries.LeftToCredit
    ) -> Iterable[tuple[LinePart, Decimal]]:
        """Return what of a line's net is for each component."""
        shares = [part.price_share or ZERO for part in parts]
        return zip(parts, spread(rest.line.net, shares, exponent(self.currency)) if parts else [], strict=True)

    def _worth(self, part: LinePart, whole: Decimal, rest: billing_queries.LeftToCredit) -> Decimal:
        """Return what the units are worth that came back of one component and that this line bills."""
        assert part.ratio is not None
        billed = rest.line.quantity * part.ratio
        # Kits that were credited whole take the last of its units with them
        credited = (rest.line.quantity - rest.quantity) * part.ratio
        before = min(self.before[part.pk], billed)
        self.before[part.pk] -= before
        units = min(self.wanted[part.pk], max(billed - credited - before, ZERO))
        self.wanted[part.pk] -= units
        if not units:
            return ZERO
        return cumulative_share(
            whole,
            done_before=before,
            done_now=units,
            of=billed,
            billed_before=cumulative_share(
                whole, done_before=ZERO, done_now=before, of=billed, billed_before=ZERO, currency=self.currency
            ),
            currency=self.currency,
        )
