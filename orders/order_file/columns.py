"""Finds the encoding, the separator and the columns of an order file, by the names that partners use for them."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_BYTES = 50 * 1024 * 1024
DELIMITERS = (",", ";", "\t")

# What a spreadsheet and its friends begin with when somebody renames them to .csv.
BINARY_STARTS = {
    b"PK\x03\x04": "an Excel workbook or a ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}


class Field(StrEnum):
    """What an order file tells in its columns; the value is the word for it in sentences."""

    PO_NUMBER = "PO number"
    CUSTOMER = "customer"
    SKU = "SKU"
    QUANTITY = "quantity"
    PRICE = "price"
    DATE = "date"
    DESCRIPTION = "description"


REQUIRED = [field for field in Field if field is not Field.DESCRIPTION]

# Headers as partners write them, without case, blanks and signs.
NAMES = {
    Field.PO_NUMBER: """ponumber po pono purchaseorder purchaseorderno purchaseordernumber customerpo order orderno
        ordernumber orderid invoiceno invoicenumber""",
    Field.CUSTOMER: """customer customerno customernumber customerid customercode account accountno accountnumber""",
    Field.SKU: """sku stockcode product productcode productid productno item itemno itemnumber itemcode article
        articleno articlenumber""",
    Field.QUANTITY: "quantity qty orderquantity orderqty orderedquantity pieces",
    Field.PRICE: "price unitprice netprice",
    Field.DATE: "date orderdate orderedat orderedon podate invoicedate",
    Field.DESCRIPTION: "description text name productname itemname itemdescription",
}
FIELD_OF = {name: field for field, names in NAMES.items() for name in names.split()}


class OrderFileError(ValueError):
    """The file as a whole cannot be read; the message is a sentence for the person who sent it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of cells that are not all blank, numbered by the line of the file in which it begins."""

    number: int
    cells: tuple[str, ...]


def plain(name: str) -> str:
    """Return a header's name without case, blanks and signs."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def decode(data: bytes) -> tuple[str, str]:
    """Return the text of the file and the encoding in which it could be read.

    :raises OrderFileError: if the file is empty, too large or not text.
    """
    if len(data) > MAX_BYTES:
        raise OrderFileError(f"The file is larger than {MAX_BYTES // 1024**2} MB. Split it and send the parts.")
    for start, kind in BINARY_STARTS.items():
        if data.startswith(start):
            raise OrderFileError(f"The file is {kind}. Save it as CSV in UTF-8 and send that.")
    if b"\x00" in data:
        raise OrderFileError("The file is not text: it holds NUL bytes. Save it as CSV in UTF-8 and send that.")
    encodings = ("utf-8-sig",) if data.startswith(b"\xef\xbb\xbf") else ("utf-8", "cp1252")
    for encoding in encodings:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise OrderFileError("The file is text in neither UTF-8 nor Windows-1252. Save it as CSV in UTF-8 and send that.")


def cut_lines(text: str, delimiter: str) -> Iterator[Line]:
    """Yield the lines that are not blank; a quoted cell may span several lines of the file.

    :raises OrderFileError: if quotes are not closed or not doubled.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield Line(begins, tuple(cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise OrderFileError(
            f"The quotes of the row that begins in line {begins} are not closed or not doubled, "
            "and from there on the file cannot be cut into cells."
        ) from error


def find_delimiter(text: str) -> str:
    """Return the separator under which the first line names the most columns that we know.

    :raises OrderFileError: if the file is empty or its first line cannot be cut.
    """
    best, most, fault = ",", (-1, -1), None
    for delimiter in DELIMITERS:
        try:
            header = next(cut_lines(text, delimiter), None)
        except OrderFileError as error:  # the quotes may make sense under another separator
            fault = error
            continue
        if header is None:
            raise OrderFileError("The file is empty.")
        count = (sum(plain(name) in FIELD_OF for name in header.cells), len(header.cells))
        if count > most:
            best, most = delimiter, count
    if most == (-1, -1) and fault is not None:
        raise fault
    return best


def find_columns(header: tuple[str, ...]) -> dict[Field, int]:
    """Return the place of each field in the header.

    :raises OrderFileError: if a needed column is missing, two columns are the same, or it is no header at all.
    """
    columns: dict[Field, int] = {}
    for place, name in enumerate(header):
        field = FIELD_OF.get(plain(name))
        if field is None:
            continue
        if field in columns:
            both = f"{header[columns[field]].strip()} and {name.strip()}"
            raise OrderFileError(f"Two columns can be the {field}: {both}. Leave one of them.")
        columns[field] = place
    if not columns:
        raise OrderFileError(f"The first line is no header that we know. It must name {listed(REQUIRED)}.")
    missing = [field for field in REQUIRED if field not in columns]
    if missing:
        found = listed([name.strip() for name in header if name.strip()])
        raise OrderFileError(f"The header has no column for {listed(missing)}. It has {found}.")
    return columns


def listed(words: Sequence[str]) -> str:
    """Return the words as a sentence lists them."""
    return str(words[0]) if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
