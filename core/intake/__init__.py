"""Files that people send: kept as they came, read row by row, tried, and taken in by the app that knows what they are.

An app registers an ImportKind in ready(); pages, the job and the commands are the same for all.
"""

from core.intake.columns import Column, Fault, Notation, RowReader
from core.intake.kinds import (
    Group,
    ImportKind,
    Origin,
    RowResult,
    StagedRow,
    State,
    Totals,
    by,
    import_kinds,
    kind_named,
    kinds_for,
    loaded,
    reference,
    refused,
    same,
)
from core.intake.openings import OpeningRefused, standing
from core.intake.receiving import FileRefused, find_columns, layout_of, look_again, map_columns, receive
from core.intake.returning import refused_cells
from core.intake.running import advance, check_file, load_file, run_to_end, stop_file

__all__ = [
    "Column",
    "Fault",
    "FileRefused",
    "Group",
    "ImportKind",
    "Notation",
    "OpeningRefused",
    "Origin",
    "RowReader",
    "RowResult",
    "StagedRow",
    "State",
    "Totals",
    "advance",
    "by",
    "check_file",
    "find_columns",
    "import_kinds",
    "kind_named",
    "kinds_for",
    "layout_of",
    "load_file",
    "loaded",
    "look_again",
    "map_columns",
    "receive",
    "reference",
    "refused",
    "refused_cells",
    "run_to_end",
    "same",
    "standing",
    "stop_file",
]
