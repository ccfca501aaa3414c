"""T30: paper fetches nothing but its own assets; the same page gives the same bytes; figures keep every digit."""

import base64
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pypdf import PdfReader
from weasyprint import HTML

from core import documents
from core.documents import AssetFetcher, Figures, UnprintableDocument, column_widths, lay_out, print_page
from tests.factories.documents import misplaced_texts

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">%s</svg>'
# Every way that WeasyPrint knows to reach for another file; {} is the address.
REACHES = {
    "image": '<img src="{}">',
    "style sheet": '<link rel="stylesheet" href="{}">',
    "attachment": '<link rel="attachment" href="{}">',
    "attached link": '<a rel="attachment" href="{}">file</a>',
    "import": "<style>@import url({});</style>",
    "background": '<body style="background: url({})">x',
    "list mark": '<ul style="list-style-image: url({})"><li>x</ul>',
    "content": "<style>p::before {{ content: url({}) }}</style><p>x",
    "font": "<style>@font-face {{ font-family: x; src: url({}) }} p {{ font-family: x }}</style><p>x",
    "object": '<object data="{}"></object>',
    "embed": '<embed src="{}">',
    "base": '<base href="{}"><img src="x.png">',
    "image in a drawing": DRAWING % '<image href="{}" width="9" height="9"/>',
    "part of a drawing": DRAWING % '<use href="{}#a"/>',
    "import in a drawing": DRAWING % "<style>@import url({});</style>",
    "border": '<p style="border: 9px solid; border-image: url({}) 1">x',
    "mask": DRAWING % '<rect width="9" height="9" fill="url({})"/>',
}


class Canary:
    """A server on this machine that counts who calls, and sends the caller on to a local file."""

    def __init__(self, secret: Path) -> None:
        self.paths: list[str] = []
        canary = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                canary.paths.append(self.path)
                self.send_response(302 if self.path.startswith("/moved") else 200)
                self.send_header("Location", secret.as_uri())
                self.send_header("Content-Type", "text/css")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Keep quiet: the paths are the log."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text("the secret of this machine")
    return path


@pytest.fixture
def canary(secret: Path) -> Iterator[Canary]:
    canary = Canary(secret)
    thread = threading.Thread(target=canary.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield canary
    canary.server.shutdown()
    thread.join()
    canary.server.server_close()


def attachments(pdf: bytes) -> list[str]:
    return list(PdfReader(io.BytesIO(pdf)).attachments)


def refused_or_printed(page: str) -> bytes:
    """Print a hostile page where the renderer ignores what is in it, and give nothing where it is refused."""
    try:
        return print_page(page)
    except UnprintableDocument:
        return b""


class TestForeignAddresses:
    def test_would_be_opened_by_the_renderer_as_it_comes(self, canary: Canary, secret: Path) -> None:
        """The control: the attacks below are real against a fetcher that is not ours."""
        page = "".join(
            REACHES[way].format(f"{canary.address}/{at}") for at, way in enumerate(("image", "import", "content"))
        )
        pdf = HTML(string=page + REACHES["attachment"].format(secret.as_uri())).write_pdf()
        assert sorted(canary.paths) == ["/0", "/1", "/2"]
        assert attachments(pdf) == ["secret.txt"]

    @pytest.mark.parametrize("way", REACHES)
    def test_are_never_opened_over_http(self, way: str, canary: Canary) -> None:
        for path in ("/plain.css", "/moved.css"):
            pdf = refused_or_printed(REACHES[way].format(canary.address + path))
            assert not pdf or not attachments(pdf)
        assert canary.paths == []

    @pytest.mark.parametrize("way", REACHES)
    def test_are_never_read_from_disk(self, way: str, secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []
        fetch = AssetFetcher.fetch

        def watched(self: AssetFetcher, url: str, headers: dict[str, str] | None = None) -> object:
            asked.append(url)
            return fetch(self, url, headers)

        monkeypatch.setattr(AssetFetcher, "fetch", watched)
        pdf = refused_or_printed(REACHES[way].format(secret.as_uri()))
        # Either the fetcher was asked and refused the whole document, or the renderer never looked.
        assert bool(pdf) == (not asked)
        assert b"the secret of this machine" not in pdf
        assert not pdf or not attachments(pdf)

    @pytest.mark.parametrize("way", ["image", "style sheet", "attachment", "import", "background", "font"])
    @pytest.mark.parametrize(
        "address",
        [
            "http://127.0.0.1:9/x",
            "HTTP://127.0.0.1:9/x",
            "https://127.0.0.1:9/x",
            "ftp://127.0.0.1:9/x",
            "file:///etc/passwd",
            "FILE:/etc/passwd",
            f"data:image/png;base64,{PIXEL}",
            "data:text/css,p{}",
            "asset:../../../../etc/passwd",
            "asset:/etc/passwd",
            "asset:document.css?x",
            "asset://document.css",
        ],
    )
    def test_refuse_the_whole_document(self, way: str, address: str) -> None:
        with pytest.raises(UnprintableDocument, match="Not an asset"):
            print_page(REACHES[way].format(address))

    def test_are_refused_inside_a_drawing_in_a_data_address(self, canary: Canary) -> None:
        drawing = f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{canary.address}/x"/></svg>'
        with pytest.raises(UnprintableDocument, match="data:image"):
            print_page(f'<img src="data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()}">')
        assert canary.paths == []


class TestPrintPage:
    NAMES = "Łódź Ωμέγα Привет Đường"
    PAGE = f"""<link rel="stylesheet" href="asset:fonts.css"><link rel="stylesheet" href="asset:document.css">
    <h1>{NAMES}</h1>"""

    def test_gives_the_same_bytes_for_the_same_page(self) -> None:
        assert print_page(self.PAGE) == print_page(self.PAGE)
        assert print_page(self.PAGE) != print_page(self.PAGE + "x")

    def test_embeds_our_fonts_for_every_alphabet(self) -> None:
        [page] = PdfReader(io.BytesIO(print_page(self.PAGE))).pages
        names = {str(font["/BaseFont"]).partition("+")[2] for font in page["/Resources"]["/Font"].get_object().values()}
        assert {
            f"IBM-Plex-Sans-{alphabet}" for alphabet in ("latin", "latin-ext", "cyrillic", "greek", "vietnamese")
        } == names
        assert self.NAMES in page.extract_text()

    def test_stops_where_a_font_is_missing(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        names = documents.asset_paths()
        monkeypatch.setattr(documents, "asset_paths", lambda: dict.fromkeys(names, tmp_path / "no.woff2"))
        documents.unpacked_font.cache_clear()
        with pytest.raises(UnprintableDocument, match=r"no\.woff2"):
            print_page('<link rel="stylesheet" href="asset:fonts.css"><p>x')
        documents.unpacked_font.cache_clear()


class TestFigures:
    @pytest.mark.parametrize(
        ("language", "currency", "value", "amount", "money"),
        [
            ("en", "GBP", "1234.5", "1,234.50", "£1,234.50"),
            ("en", "GBP", "1234.5000", "1,234.50", "£1,234.50"),
            ("en", "GBP", "-15.3", "-15.30", "-£15.30"),
            ("en", "JPY", "1200", "1,200", "¥1,200"),
            ("en", "KWD", "1.5", "1.500", "KWD\xa01.500"),
            ("de", "EUR", "1234567.89", "1.234.567,89", "1.234.567,89\xa0€"),
            ("en-IN", "INR", "1234567", "12,34,567.00", "₹12,34,567.00"),
            ("en", "GBP", "0.012500", "0.0125", "£0.0125"),
            ("en", "GBP", "0.005", "0.005", "£0.005"),
            ("en", "GBP", "123456789012345678.1234", "123,456,789,012,345,678.1234", "£123,456,789,012,345,678.1234"),
        ],
    )
    def test_write_an_amount_with_every_digit_it_has(
        self, language: str, currency: str, value: str, amount: str, money: str
    ) -> None:
        assert Figures(language, currency).amount(value) == amount
        assert Figures(language, currency).money(value) == money

    @pytest.mark.parametrize(
        ("value", "written"),
        [("100", "100"), ("6.000000", "6"), ("0", "0"), ("0.000", "0"), ("12000.125", "12,000.125")],
    )
    def test_write_a_quantity_without_empty_places(self, value: str, written: str) -> None:
        assert Figures("en").quantity(value) == written

    @pytest.mark.parametrize(
        ("language", "value", "written"),
        [("en", "20", "20%"), ("en", "17.50", "17.5%"), ("de", "20", "20\xa0%"), ("en", "0", "0%")],
    )
    def test_write_a_rate_in_hundredths(self, language: str, value: str, written: str) -> None:
        assert Figures(language).percent(value) == written

    def test_write_days_as_the_language_does(self) -> None:
        assert Figures("en").date("2026-11-22") == "Nov 22, 2026"
        assert Figures("en-GB").date("2026-11-22") == "22 Nov 2026"
        assert Figures("de").date("2026-11-22") == "22.11.2026"
        assert Figures("en").date("") == ""

    def test_write_a_moment_as_recorded(self) -> None:
        assert Figures("en-GB").moment("2026-11-22T23:45:00+09:00") == "22 Nov 2026, 23:45"


class TestColumnWidths:
    def test_follow_the_longest_text_within_bounds(self) -> None:
        rows = [{"code": "ABC", "net": "1.00"}, {"code": "A" * 99, "net": "12345.00"}]
        assert column_widths(rows, {"code": (5, 14), "net": (4, 40)}) == {"code": 14, "net": 8}
        assert column_widths([], {"code": (5, 14)}) == {"code": 5}


class TestMisplacedTexts:
    def test_see_a_text_that_leaves_its_cell(self) -> None:
        """The measure that the papers' own tests rest on can fail."""
        page = "<table style='table-layout: fixed; width: 20px'><tr><td>WWWWWWWWWW<td>x</table>"
        assert list(misplaced_texts(lay_out(page))) == ["WWWWWWWWWW", "x"]
        assert list(misplaced_texts(lay_out("<p style='margin-left: 900px'>far"))) == ["far"]
        assert list(misplaced_texts(lay_out("<p>here"))) == []
