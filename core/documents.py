"""Paper: templates become PDF files with our own fonts and style sheet, and nothing is fetched from anywhere."""

import copy
import hashlib
from collections.abc import Mapping
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
from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

SCHEME = "asset:"
STYLE_SHEET = settings.BASE_DIR / "templates" / "core" / "documents" / "document.css"
WEIGHTS = (400, 600)
# The alphabets in which names and addresses come, one file each, so that a page loads only what it writes.
RANGES = {
    "latin": "U+0000-00FF, U+0131, U+0152-0153, U+02BB-02BC, U+02C6, U+02DA, U+02DC, U+2000-206F, U+20AC, U+2122, "
    "U+2191, U+2193, U+2212, U+2215, U+FEFF, U+FFFD",
    "latin-ext": "U+0100-02BA, U+02BD-02C5, U+02C7-02CC, U+02CE-02D7, U+02DD-02FF, U+1D00-1DBF, U+1E00-1E9F, "
    "U+1EF2-1EFF, U+2020, U+20A0-20AB, U+20AD-20C0, U+2113, U+2C60-2C7F, U+A720-A7FF",
    "cyrillic": "U+0301, U+0400-045F, U+0490-0491, U+04B0-04B1, U+2116",
    "vietnamese": "U+0102-0103, U+0110-0111, U+0128-0129, U+0168-0169, U+01A0-01A1, U+01AF-01B0, U+0300-0301, "
    "U+0303-0304, U+0308-0309, U+0323, U+0329, U+1EA0-1EF9, U+20AB",
    "greek": "U+0370-0377, U+037A-037F, U+0384-038A, U+038C, U+038E-03A1, U+03A3-03FF",
}
FACES = {
    "ibm-plex-sans": ("IBM Plex Sans", ("latin", "latin-ext", "cyrillic", "vietnamese", "greek")),
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
        if name == "fonts.css":
            return URLFetcherResponse(url, font_rules(), {"Content-Type": "text/css; charset=utf-8"})
        kind = "text/css; charset=utf-8" if name.endswith(".css") else "font/woff2"
        return URLFetcherResponse(url, asset_paths()[name].read_bytes(), {"Content-Type": kind})


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
def font_rules() -> str:
    """This function will write the @font-face rules of every face, weight and alphabet."""
    return "\n".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; unicode-range: {RANGES[alphabet]}; '
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
        return f"{format_date(at.date(), 'medium', self._locale)}, {format_time(at.time(), 'short', self._locale)}"
