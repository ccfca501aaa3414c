"""Wiring of returns."""

from __future__ import annotations

from django.apps import AppConfig

from core import audit, registry


class ReturnsConfig(AppConfig):
    name = "returns"

    def ready(self) -> None:
        """Offer the proofs."""
        from returns.audit import CHECKS

        audit.register_all(registry.audit_checks.register, "returns", CHECKS)
