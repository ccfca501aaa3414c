"""What a browser loads for a page the first time: its HTML and all that this names, compressed as it is served."""

from __future__ import annotations

import gzip
import posixpath
import re
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage

_LINKED = re.compile(r"""<(?:link|script)\b[^>]*?\b(?:href|src)=["']([^"']+)["']""")
_IMPORTED = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["'](\.{0,2}/[^"']+)["']""")
_COMPRESSED_ALREADY = (".woff2", ".png", ".webp")


def first_load(html: bytes, sent: int) -> int:
    """Return the bytes of a page, of which so many are sent, and of all that it names and that its scripts import."""
    asked = [path for path in _LINKED.findall(html.decode()) if path.startswith(settings.STATIC_URL)]
    seen: set[str] = set()
    total = sent
    while asked:
        path = asked.pop()
        if path in seen:
            continue
        seen.add(path)
        size, imported = _file(path.removeprefix(settings.STATIC_URL))
        total += size
        asked += [posixpath.normpath(posixpath.join(posixpath.dirname(path), one)) for one in imported]
    return total


@cache
def _file(name: str) -> tuple[int, list[str]]:
    content = Path(staticfiles_storage.path(name)).read_bytes()
    if name.endswith(_COMPRESSED_ALREADY):
        return len(content), []
    imported = _IMPORTED.findall(content.decode()) if name.endswith(".js") else []
    return len(gzip.compress(content, 9)), imported
