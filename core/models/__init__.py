"""The kernel's rows: people, companies, what they may do, numbers and keys, kept views, and files that came in."""

from core.models.house import (
    Company,
    CompanyQuerySet,
    IdempotencyKey,
    Membership,
    NumberSeries,
    User,
    UserManager,
    validate_language,
    validate_time_zone,
)
from core.models.intake import ColumnMapping, FileImport, ImportRow, OpeningBalance, SourceFile, SourceFilePart
from core.models.views import SavedView

__all__ = [
    "ColumnMapping",
    "Company",
    "CompanyQuerySet",
    "FileImport",
    "IdempotencyKey",
    "ImportRow",
    "Membership",
    "NumberSeries",
    "OpeningBalance",
    "SavedView",
    "SourceFile",
    "SourceFilePart",
    "User",
    "UserManager",
    "validate_language",
    "validate_time_zone",
]
