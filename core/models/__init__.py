"""The kernel's rows: people, how they get in, companies, numbers and keys, kept views, files that came in, notes."""

from core.models.access import AccessEvent, Passkey, RecoveryCode, SecondStep, Session
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
from core.models.messages import MessageTemplate
from core.models.notes import Audience, DocumentOwner, Follower, Note, NoteFile, Notice
from core.models.views import SavedView

__all__ = [
    "AccessEvent",
    "Audience",
    "ColumnMapping",
    "Company",
    "CompanyQuerySet",
    "DocumentOwner",
    "FileImport",
    "Follower",
    "IdempotencyKey",
    "ImportRow",
    "Membership",
    "MessageTemplate",
    "Note",
    "NoteFile",
    "Notice",
    "NumberSeries",
    "OpeningBalance",
    "Passkey",
    "RecoveryCode",
    "SavedView",
    "SecondStep",
    "Session",
    "SourceFile",
    "SourceFilePart",
    "User",
    "UserManager",
    "validate_language",
    "validate_time_zone",
]
