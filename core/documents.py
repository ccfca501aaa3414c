"""Paper: templates become PDF files with our own fonts and style sheet, and nothing is fetched from anywhere."""

import copy
import hashlib
import io
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
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

SCHEME = "asset:"
STYLE_SHEET = settings.BASE_DIR / "templates" / "core" / "documents" / "document.css"
WEIGHTS = (400, 600)
# One family per alphabet, for the renderer mixes up two files that go by one name; document.css lists them in order.
FACES = {
    "ibm-plex-sans": ("IBM Plex Sans", ("latin", "latin-ext", "cyrillic", "greek", "vietnamese")),
    "ibm-plex-mono": ("IBM Plex Mono", ("latin", "latin-ext", "cyrillic", "vietnamese")),
}


class ForeignAddress(Exception):
    """A document asked for something that is not among its own assets; no such document is printed."""


class AssetFetcher(URLFetcher):
    """Serves the style sheets and fonts of a document by name, and refuses every other address without opening it."""

    def __init__(self) -> None:
        # A font that fails to load must stop the printing: the file is stored once and stays as it is for ever.
        super().__init__(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        """This function will answer one address.

        :raises ForeignAddress: for whatever is not an asset of ours.
        """
        name = url.removeprefix(SCHEME)
        if not url.startswith(SCHEME) or name not in asset_paths():
            raise ForeignAddress(url)
        if name.endswith(".css"):
            rules = font_rules() if name == "fonts.css" else asset_paths()[name].read_text()
            return URLFetcherResponse(url, rules, {"Content-Type": "text/css; charset=utf-8"})
        return URLFetcherResponse(url, unpacked_font(name), {"Content-Type": "font/ttf"})


@cache
def asset_paths() -> dict[str, Path]:
    """This function will name every asset of a document and where it lies."""
    paths = {"document.css": STYLE_SHEET, "fonts.css": Path()}
    for package, (_, alphabets) in FACES.items():
        folder = settings.NODE_MODULES / "@fontsource" / package / "files"
        for alphabet in alphabets:
            for weight in WEIGHTS:
                name = f"{package}-{alphabet}-{weight}-normal.woff2"
                paths[name] = folder / name
    return paths


@cache
def unpacked_font(name: str) -> bytes:
    """This function will unpack a font once per process, for unpacking takes longer than printing a page."""
    font = io.BytesIO()
    woff2.decompress(asset_paths()[name], font)
    return font.getvalue()


@cache
def font_rules() -> str:
    """This function will write the @font-face rules of every face, weight and alphabet."""
    return "\n".join(
        f'@font-face {{ font-family: "{family} {alphabet}"; font-weight: {weight}; '
        f"src: url({SCHEME}{package}-{alphabet}-{weight}-normal.woff2) }}"
        for package, (family, alphabets) in FACES.items()
        for alphabet in alphabets
        for weight in WEIGHTS
    )


def render_pdf(template: str, context: Mapping[str, object], *, language: str = "en") -> bytes:
    """This function will print a template as a PDF file; the same template and context give the same bytes.

    :raises ForeignAddress: where the page refers to anything but its own assets.
    """
    with translation.override(language):
        page = render_to_string(template, {**context, "language": language})
    try:
        return HTML(string=page, url_fetcher=AssetFetcher()).write_pdf(
            font_config=FontConfiguration(),
            pdf_identifier=hashlib.sha256(page.encode()).digest()[:16],
            pdf_tags=True,
        )
    except FatalURLFetchingError as error:
        raise ForeignAddress(str(error)) from error


def column_widths(rows: Iterable[Mapping[str, str]], bounds: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """This function will say how many characters wide each column must be for its longest text, within its bounds."""
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
        """This function will write an amount at its currency's exponent, without the currency."""
        return self._write(self._locale.decimal_formats[None], value, get_currency_precision(self.currency))

    def money(self, value: str) -> str:
        """This function will write an amount with its currency."""
        return self._write(self._locale.currency_formats["standard"], value, get_currency_precision(self.currency))

    def quantity(self, value: str) -> str:
        """This function will write a quantity or a rate with the digits it needs."""
        return self._write(self._locale.decimal_formats[None], value, 0)

    def percent(self, value: str) -> str:
        """This function will write a rate that is recorded in hundredths: 20 for 20 %."""
        pattern = copy.copy(self._locale.percent_formats[None])
        pattern.scale = 0  # the pattern would multiply a fraction by a hundred, and this is no fraction
        return self._write(pattern, value, 0)

    def date(self, value: str) -> str:
        """This function will write a day; an empty one stays empty."""
        return format_date(date.fromisoformat(value), "medium", self._locale) if value else ""

    def moment(self, value: str) -> str:
        """This function will write a day and time of day as recorded, without moving it between time zones."""
        at = datetime.fromisoformat(value)
        return f"{format_date(at.date(), 'medium', self._locale)}, {format_time(at.time(), 'short', locale=self._locale)}"
