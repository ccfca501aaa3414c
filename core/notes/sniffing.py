"""What a file is, by its content and never by its name; and a name for it that tells nobody otherwise."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

MAX_BYTES = 20 * 1024 * 1024
MAX_NAME = 200
HEAD = 4096
TEXT = ("txt", "csv", "tsv", "eml", "edi", "json", "xml", "md", "log", "ics", "vcf")
# What begins like this is kept: its type, and the endings that a name of it may have
KINDS: tuple[tuple[int, bytes, str, tuple[str, ...]], ...] = (
    (0, b"%PDF-", "application/pdf", ("pdf",)),
    (0, b"\x89PNG\r\n\x1a\n", "image/png", ("png",)),
    (0, b"\xff\xd8\xff", "image/jpeg", ("jpg", "jpeg", "jfif")),
    (0, b"GIF87a", "image/gif", ("gif",)),
    (0, b"GIF89a", "image/gif", ("gif",)),
    (8, b"WEBP", "image/webp", ("webp",)),
    (0, b"II*\x00", "image/tiff", ("tif", "tiff")),
    (0, b"MM\x00*", "image/tiff", ("tif", "tiff")),
    (4, b"ftyphe", "image/heic", ("heic", "heif")),
    (4, b"ftypmif1", "image/heic", ("heic", "heif")),
    (0, b"PK\x03\x04", "application/zip", ("zip", "xlsx", "docx", "pptx", "odt", "ods", "odp")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", ("doc", "xls", "ppt", "msg")),
)
PROGRAMS = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa")
# A browser would run what begins so
MARKUP = ("<!doctype html", "<html", "<svg", "<script", "<!doctype svg")


class NotKept(ValueError):
    """The file is none that is kept; the message is a sentence for the person who sent it, without the file's name."""


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A file as it will be kept: its name, and its type by its content."""

    name: str
    content_type: str


def sniff(name: str, content: BinaryIO) -> Sniffed:
    """Return what a file is, and a name whose ending says so.

    :raises NotKept: where it is empty, too large, a program, a web page, or nothing that is known here.
    """
    size = content.seek(0, io.SEEK_END)
    content.seek(0)
    if not size:
        raise NotKept("is empty.")
    if size > MAX_BYTES:
        raise NotKept(f"is larger than {MAX_BYTES // 1024**2} MB, which is the most that one file may have.")
    head = content.read(HEAD)
    for place, begins, content_type, endings in KINDS:
        if head[place:].startswith(begins):
            return Sniffed(_named(name, endings), content_type)
    if head.startswith(PROGRAMS):
        raise NotKept("is a program. Programs are not kept here.")
    if not _is_text(head, content):
        raise NotKept("is of no kind that is kept here: PDF, pictures, office documents, text, mail and ZIP are.")
    start = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n").lower()
    if start.startswith(MARKUP) or (start.startswith("<?xml") and any(mark in start for mark in MARKUP)):
        raise NotKept("is a web page or a drawing that a browser would run. Send it as a PDF or a picture.")
    return Sniffed(_named(name, TEXT), "text/plain")


def _is_text(head: bytes, content: BinaryIO) -> bool:
    """Say whether all of a file can be read: no byte in it that no text has."""
    while head:
        if any(byte < 32 and byte not in b"\t\n\r\x0c\x1b" for byte in set(head)):
            return False
        head = content.read(1024 * 1024)
    return True


def _named(name: str, endings: tuple[str, ...]) -> str:
    """Return a name as it can be shown and saved anywhere, with one of these endings."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    # Neither control characters nor the marks that turn the direction of writing round
    name = "".join("-" if char in '<>:"|?*' else char for char in name if unicodedata.category(char)[0] != "C")
    name = " ".join(name.split()).strip(". ") or "file"
    ending = PurePosixPath(name).suffix.lstrip(".").lower()
    if ending not in endings:
        name, ending = f"{name}.{endings[0]}", endings[0]
    return f"{name[: -len(ending) - 1][: MAX_NAME - len(ending) - 1]}.{name[-len(ending) :]}"
