"""Where sessions are kept: in core.Session, which tells whose each is, whence it came and when it was last seen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from core.models import Session

# Under what name a session keeps whence it came
WHENCE = "whence"
SEEN_EVERY = timedelta(minutes=10)


class SessionStore(DatabaseStore):
    """Django's own store, with columns that can be asked by person."""

    seen_at: datetime | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return our model."""
        return Session

    def _get_session_from_db(self) -> Any:
        row = super()._get_session_from_db()  # type: ignore[misc]  # the stubs leave it out
        self.seen_at = row.seen_at if row else None
        return row

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row as it is saved, told from the session's data."""
        row = cast(Session, super().create_model_instance(data))
        whence, now = data.get(WHENCE, {}), timezone.now()
        row.user_id = data.get(SESSION_KEY)
        row.address, row.device = whence.get("address"), whence.get("device", "")
        row.began_at = datetime.fromisoformat(whence["at"]) if whence else now
        row.seen_at = now
        return row

    def note_seen(self, now: datetime) -> None:
        """Write down that somebody uses this session, once in ten minutes: pages are not to pay for it."""
        if self.seen_at is not None and now - self.seen_at >= SEEN_EVERY:
            self.seen_at = now
            Session.objects.filter(session_key=self.session_key).update(seen_at=now)
