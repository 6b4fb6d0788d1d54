"""Reading a PDF back: the product's own reader, under the name that the tests know."""

from app.reports.reading import Document, Node, Run, read

__all__ = ["Document", "Node", "Run", "read"]
