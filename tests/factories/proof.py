"""The whole audit, for tests whose every deed must be provable afterwards."""

from core import registry


def drift() -> list[str]:
    """Return what every app's proofs find wrong."""
    return [f"{check.name}: {found}" for check in registry.audit_checks for found in check.find()[1]]
