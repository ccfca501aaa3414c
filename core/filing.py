"""Keeping a file as it was sent: its bytes in parts, its digest, and who sent it; and giving it back byte for byte."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from core.models import SourceFile, SourceFilePart, User

PART = 1024 * 1024
MAX_NAME = 200


def size_and_digest(content: BinaryIO) -> tuple[int, str]:
    """Return how many bytes a file has, and their SHA-256."""
    digest, size = hashlib.sha256(), 0
    content.seek(0)
    while chunk := content.read(PART):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


def keep_file(*, name: str, content: BinaryIO, actor: User, at: datetime) -> SourceFile:
    """Keep a file of the company that the person works for."""
    size, digest = size_and_digest(content)
    file = SourceFile.objects.create(
        company=actor.company, name=name[-MAX_NAME:], size=size, sha256=digest, received_by=actor, received_at=at
    )
    content.seek(0)
    position = 0
    while chunk := content.read(PART):
        SourceFilePart.objects.create(file=file, position=position, content=chunk)
        position += 1
    return file


def parts_of(file: SourceFile) -> Iterator[bytes]:
    """Yield the bytes of a file, a part at a time."""
    for content in file.parts.values_list("content", flat=True).iterator(chunk_size=1):
        yield bytes(content)
