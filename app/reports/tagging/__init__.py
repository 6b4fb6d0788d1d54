"""Tagged PDF out of xhtml2pdf and ReportLab, which know nothing of tags.

Everything drawn is an artifact unless it is drawn while an element of the structure tree is open. This is the only
package that uses private names of the two libraries; `install` puts all of it in place, `tests/reports/test_tagging.py`
has a test for each hook, and both libraries are pinned exactly.
"""

from app.reports.tagging.canvas import Late, TaggedCanvas, text_operators
from app.reports.tagging.hooks import install
from app.reports.tagging.prose import BULLET_GAP, BULLET_RADIUS, ListTag
from app.reports.tagging.structure import BULLET_LIST, COLUMN_HEADER, ROW_HEADER, Element, pdf_span, pdf_text

REGULAR, BOLD = "report_00", "report_10"
"""The names under which xhtml2pdf registers the family "report" of the stylesheet."""

__all__ = [
    "BOLD",
    "BULLET_GAP",
    "BULLET_LIST",
    "BULLET_RADIUS",
    "COLUMN_HEADER",
    "REGULAR",
    "ROW_HEADER",
    "Element",
    "Late",
    "ListTag",
    "TaggedCanvas",
    "install",
    "pdf_span",
    "pdf_text",
    "text_operators",
]
