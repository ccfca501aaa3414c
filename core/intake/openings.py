"""Opening balances: posted whole, once, and only where the ledger says the same as the file (V3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from core.intake.kinds import Group, ImportKind, RowResult, State, Totals
from core.models import FileImport, OpeningBalance, User
from core.refusals import Refused


class OpeningRefused(Refused):
    """Opening balances were not posted."""

    code = "opening_refused"


def standing(company_id: int, kind: str) -> OpeningBalance | None:
    """Return the company's opening balances of a kind, once they are posted."""
    balances = OpeningBalance.objects.filter(company=company_id, kind=kind)
    return balances.select_related("run__file", "posted_by").first()


def check_may_post(run: FileImport, kind: ImportKind) -> None:
    """Check that balances of this kind were not posted before, and that every row of the file was found good.

    :raises OpeningRefused: where it is otherwise.
    """
    before = standing(run.company_id, run.kind)
    if before is not None:
        raise OpeningRefused(
            f"{kind.label} were posted on {before.posted_at:%-d %b %Y} by {before.posted_by} from {before.run.file}."
            " They are posted once: what has changed since is entered where it happens."
        )
    if not run.is_checked:
        raise OpeningRefused("Check the file first: opening balances are posted whole.")
    if run.refused or run.same or not run.good:
        raise OpeningRefused(
            f"Opening balances are posted whole: mend the {run.refused:,} refused rows and send the file again."
        )


def tie_out(
    run: FileImport,
    kind: ImportKind,
    groups: Sequence[Group],
    results: Mapping[int, RowResult],
    *,
    actor: User,
    at: datetime,
) -> None:
    """Compare what the file comes to with what the ledger says was posted, and keep both sides.

    :raises OpeningRefused: where they differ, or somebody posted the same balances in this moment.
    """
    assert kind.totals is not None
    assert kind.posted is not None
    if any(result.state != State.LOADED for result in results.values()):
        if run.status == FileImport.Status.LOADING:
            raise OpeningRefused("A row that was good is not any more. Nothing was posted: check the file again.")
        return
    of_file, of_ledger = _written(kind.totals(groups)), _written(kind.posted(run.pk))
    if of_file != of_ledger:
        sides = "; ".join(
            f"{name} {of_file.get(name, '0')} by the file, {of_ledger.get(name, '0')} by the ledger"
            for name in sorted({*of_file, *of_ledger})
            if of_file.get(name) != of_ledger.get(name)
        )
        raise OpeningRefused(f"The ledger would not say what the file says: {sides}. Nothing was posted.")
    try:
        with transaction.atomic():
            OpeningBalance.objects.create(
                company_id=run.company_id,
                kind=run.kind,
                run=run,
                of_file=of_file,
                of_ledger=of_ledger,
                posted_by=actor,
                posted_at=at,
            )
    except IntegrityError as error:
        raise OpeningRefused(
            f"{kind.label} were posted by somebody else just now. Nothing was posted twice."
        ) from error


def _written(totals: Totals) -> dict[str, str]:
    return {name: f"{amount.normalize():f}" for name, amount in sorted(totals.items())}
