"""Reads a customer's order file (CSV) into documents, and says of each row it refuses why; knows no row of ours."""

from orders.order_file.columns import OrderFileError
from orders.order_file.reading import FileDocument, FileRow, OrderFile, RefusedRow, read_order_file

__all__ = ["FileDocument", "FileRow", "OrderFile", "OrderFileError", "RefusedRow", "read_order_file"]
