"""Paper: templates become PDF files with our own fonts and style sheet, and nothing is fetched from anywhere."""

import base64
import copy
import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import NumberPattern, get_currency_precision
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from fontTools.ttLib import woff2
from weasyprint import HTML
from weasyprint.document import Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from core.pictures import ADDRESS as PICTURE
from core.pictures import PNG
from core.press import UnprintableDocument, press

SCHEME = "asset:"
STYLE_SHEET = settings.BASE_DIR / "templates" / "core" / "documents" / "document.css"
WEIGHTS = (400, 600)
MOST_CHARACTERS = 40
LETTER_BESIDE_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")  # KWD1.500 wants a space, £1.50 none
# One family per alphabet, for the renderer mixes up two files that go by one name; document.css lists them in order.
FACES = {
    "ibm-plex-sans": ("IBM Plex Sans", ("latin", "latin-ext", "cyrillic", "greek", "vietnamese")),
    "ibm-plex-mono": ("IBM Plex Mono", ("latin", "latin-ext", "cyrillic", "vietnamese")),
}


class AssetFetcher(URLFetcher):
    """Serves the style sheets and fonts of a document by name, and refuses every other address without opening it."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False)
        self.failures: list[str] = []

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        """Answer one address.

        :raises UnprintableDocument: for whatever is not an asset of ours, or is missing.
        """
        try:
            return self._asset(url, url.removeprefix(SCHEME))
        except (KeyError, OSError) as error:
            # The renderer goes on without what it was refused, so the refusal is noted for _complete.
            self.failures.append(f"Not an asset of this document: {url}" if isinstance(error, KeyError) else str(error))
            raise UnprintableDocument(self.failures[-1]) from error

    def _asset(self, url: str, name: str) -> URLFetcherResponse:
        if not url.startswith(SCHEME):
            raise KeyError(url)
        if url.startswith(PICTURE):
            return URLFetcherResponse(url, _png(url), {"Content-Type": "image/png"})
        if name in MADE_SHEETS:
            return URLFetcherResponse(url, MADE_SHEETS[name](), {"Content-Type": "text/css; charset=utf-8"})
        if name.endswith(".css"):
            return URLFetcherResponse(url, asset_paths()[name].read_text(), {"Content-Type": "text/css; charset=utf-8"})
        return URLFetcherResponse(url, unpacked_font(name), {"Content-Type": "font/ttf"})


def _png(url: str) -> bytes:
    """Return the picture that an address holds.

    :raises KeyError: where it holds none.
    """
    try:
        content = base64.b64decode(url.removeprefix(PICTURE), validate=True)
    except ValueError as error:
        raise KeyError(url) from error
    if not content.startswith(PNG):
        raise KeyError(url)
    return content


@cache
def asset_paths() -> dict[str, Path]:
    """Name the files that a document is made with, and say where they lie."""
    paths = {"document.css": STYLE_SHEET}
    for package, (_, alphabets) in FACES.items():
        folder = settings.NODE_MODULES / "@fontsource" / package / "files"
        for alphabet in alphabets:
            for weight in WEIGHTS:
                name = f"{package}-{alphabet}-{weight}-normal.woff2"
                paths[name] = folder / name
    return paths


@cache
def unpacked_font(name: str) -> bytes:
    """Unpack a font once per process, for unpacking takes longer than printing a page."""
    font = io.BytesIO()
    woff2.decompress(asset_paths()[name], font)
    return font.getvalue()


@cache
def font_rules() -> str:
    """Write the @font-face rules of every face, weight and alphabet."""
    return "\n".join(
        f'@font-face {{ font-family: "{family} {alphabet}"; font-weight: {weight}; '
        f"src: url({SCHEME}{package}-{alphabet}-{weight}-normal.woff2) }}"
        for package, (family, alphabets) in FACES.items()
        for alphabet in alphabets
        for weight in WEIGHTS
    )


@cache
def column_rules() -> str:
    """Write one class per column width, `chars-12` for twelve characters."""
    return "\n".join(f"col.chars-{count} {{ width: {count}ch }}" for count in range(1, MOST_CHARACTERS + 4))


# Style sheets written here rather than read: class names in templates stand in for styles made on the spot.
MADE_SHEETS = {"fonts.css": font_rules, "columns.css": column_rules}


def render_pdf(template: str, context: Mapping[str, object], *, language: str = "en") -> bytes:
    """Print a template as a PDF file, in a child process; the same template and context give the same bytes.

    :raises TakesTooLong: where it was not printed in time.
    :raises UnprintableDocument: where the page refers to anything but its own assets, or one of these is missing.
    """
    with translation.override(language):
        page = render_to_string(template, {**context, "language": language})
    return press.printed(page)


def print_page(page: str) -> bytes:
    """Print an HTML page as a tagged PDF file whose identifier is the page's own digest.

    :raises UnprintableDocument: where the page refers to anything but its own assets, or one of these is missing.
    """
    digest = hashlib.sha256(page.encode()).digest()
    document = lay_out(page)
    pdf = document.write_pdf(pdf_identifier=digest[:16], pdf_tags=True)
    _complete(document.url_fetcher)  # attachments and drawings are read only now
    return pdf


def lay_out(page: str) -> Document:
    """Set an HTML page as the sheets it will be printed on.

    :raises UnprintableDocument: where the page refers to anything but its own assets, or one of these is missing.
    """
    fetcher = AssetFetcher()
    document = HTML(string=page, url_fetcher=fetcher).render(font_config=FontConfiguration(), pdf_tags=True)
    _complete(fetcher)
    return document


def _complete(fetcher: AssetFetcher) -> None:
    # A paper is stored once and stays as it is for ever: better none than one with a wrong font or a hole in it.
    if fetcher.failures:
        raise UnprintableDocument("; ".join(fetcher.failures))


def column_widths(rows: Iterable[Mapping[str, str]], bounds: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """Say how many characters wide each column must be for its longest text, within its bounds.

    The widths fit the classes of column_rules, with up to three characters for the space between columns.
    """
    widths = {name: least for name, (least, _) in bounds.items()}
    for row in rows:
        for name, (_, most) in bounds.items():
            widths[name] = min(most, max(widths[name], len(str(row[name]))))
    return widths


@dataclass(frozen=True)
class Figures:
    """Numbers and dates as a language writes them; digits are never dropped, so paper cannot differ from the record."""

    language: str
    currency: str = ""

    @property
    def _locale(self) -> Locale:
        return Locale.parse(self.language, sep="-" if "-" in self.language else "_")

    def _write(self, pattern: NumberPattern, value: str, least: int) -> str:
        # A record may carry zeros of its column (15.3000); what counts is kept, however long.
        exact = Decimal(value).normalize()
        places = max(least, -int(exact.as_tuple().exponent))
        pattern = copy.copy(pattern)
        pattern.frac_prec = (places, places)
        return pattern.apply(exact, self._locale, currency=self.currency or None, currency_digits=False)

    def amount(self, value: str) -> str:
        """Write an amount at its currency's exponent, without the currency."""
        return self._write(self._locale.decimal_formats[None], value, get_currency_precision(self.currency))

    def money(self, value: str) -> str:
        """Write an amount with its currency."""
        written = self._write(self._locale.currency_formats["standard"], value, get_currency_precision(self.currency))
        return LETTER_BESIDE_DIGIT.sub("\N{NO-BREAK SPACE}", written)

    def quantity(self, value: str) -> str:
        """Write a quantity or a rate with the digits it needs."""
        return self._write(self._locale.decimal_formats[None], value, 0)

    def percent(self, value: str) -> str:
        """Write a rate that is recorded in hundredths: 20 for 20 %."""
        pattern = copy.copy(self._locale.percent_formats[None])
        pattern.scale = 0  # the pattern would multiply a fraction by a hundred, and this is no fraction
        return self._write(pattern, value, 0)

    def date(self, value: str) -> str:
        """Write a day; an empty one stays empty."""
        return format_date(date.fromisoformat(value), "medium", self._locale) if value else ""

    def moment(self, value: str) -> str:
        """Write a day and time of day as recorded, without moving it between time zones."""
        at = datetime.fromisoformat(value)
        time = format_time(at.time(), "short", locale=self._locale)
        return f"{self.date(at.date().isoformat())}, {time}"
