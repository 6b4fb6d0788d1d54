"""Files made to do harm or to confuse, each small and made in a moment."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from io import BytesIO
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

from tests.unit_lists.writers import by_xlsxwriter

GOOD = by_xlsxwriter([["Nivå1"], ["Divisjon A"], ["Divisjon B"]])
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


def changed(changes: dict[str, str | bytes | None], *, compression: int = ZIP_DEFLATED) -> bytes:
    """A good workbook with some parts replaced, added, or (None) taken out."""
    stream = BytesIO()
    with ZipFile(BytesIO(GOOD)) as good, ZipFile(stream, "w", compression) as bad:
        parts: dict[str, str | bytes | None] = {name: good.read(name) for name in good.namelist()}
        for name, content in (parts | changes).items():
            if content is not None:
                bad.writestr(name, content)
    return stream.getvalue()


def part(name: str) -> str:
    with ZipFile(BytesIO(GOOD)) as good:
        return good.read(name).decode()


def edited(name: str, pattern: str, replacement: str) -> bytes:
    """A good workbook with one text in one part replaced."""
    text, n = re.subn(pattern, lambda _: replacement, part(name), count=1, flags=re.DOTALL)
    assert n == 1, (name, pattern)
    return changed({name: text})


def with_rows(rows: str, *, before: str = "") -> bytes:
    return changed({SHEET: f'{HEAD}<worksheet xmlns="{MAIN}">{before}<sheetData>{rows}</sheetData></worksheet>'})


def text_cell(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


HEADING_ROW = f'<row r="1">{text_cell("A1", "Nivå1")}</row>'


def lying_about_sizes() -> bytes:
    """The directory says that the sheet unpacks to 100 bytes."""
    content = bytearray(changed({SHEET: part(SHEET) + " " * 1_000_000}))
    with ZipFile(BytesIO(content)) as archive:
        size = archive.getinfo(SHEET).file_size
    return bytes(content.replace(struct.pack("<L", size), struct.pack("<L", 100)))


def encrypted() -> bytes:
    """A flag in the directory says that the first part needs a password."""
    content = bytearray(GOOD)
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1
    return bytes(content)


def same_name_twice() -> bytes:
    return GOOD_WITH_TWIN.replace(b"xl/worksheets/sheet2.xml", SHEET.encode())


GOOD_WITH_TWIN = changed({"xl/worksheets/sheet2.xml": part(SHEET)})


def doctype(name: str, declarations: str, encoding: str = "utf-8") -> bytes:
    body = part(name).partition("?>")[2]
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [{declarations}]>{body}'
    return changed({name: text.encode(encoding)})


def strict() -> bytes:
    """ISO's other form of the format, with other names for everything; Excel can write it under the same ending."""
    with ZipFile(BytesIO(GOOD)) as good:
        names = good.namelist()
    return changed(
        {
            name: part(name)
            .replace(MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main")
            .replace(
                "http://schemas.openxmlformats.org/officeDocument/2006", "http://purl.oclc.org/ooxml/officeDocument"
            )
            for name in names
        }
    )


def with_second_sheet(target: str, kind: str = "worksheet") -> bytes:
    """A workbook that says that `target` is a sheet of its own."""
    kind = f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"
    relations = part("xl/_rels/workbook.xml.rels")
    extra = f'<Relationship Id="twin" Type="{kind}" Target="{target}"/></Relationships>'
    sheet = '<sheet name="Ark2" sheetId="2" r:id="twin"/></sheets>'
    return changed(
        {
            "xl/_rels/workbook.xml.rels": relations.replace("</Relationships>", extra),
            "xl/workbook.xml": part("xl/workbook.xml").replace("</sheets>", sheet),
        }
    )


def shared_formulas(text: str, n: int) -> bytes:
    first = f'<row r="1"><c r="A1"><f t="shared" si="0">{text}</f></c></row>'
    rest = (f'<row r="{row}"><c r="A{row}"><f t="shared" si="0"/></c></row>' for row in range(2, n))
    return with_rows(first + "".join(rest))


LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
MANY_ATTRIBUTES = " ".join(f'a{n}=""' for n in range(80_000))
RUN = "<r><t>x</t></r>"
EMPTY_PIECES = "<t/>" * 50_000
LONG_TEXT = "x" * 32_000
TAG_OF_10_MB = f'<row r="1" x="{"y" * 10_000_000}"/>'

HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "nothing": ("file.empty", lambda: b""),
    "more bytes than allowed": ("file.too_large", lambda: b"PK" + bytes(5_000_000)),
    "comma-separated text": ("file.wrong_type", "Nivå1;Nivå2\nA;B\n".encode),
    "a web page": ("file.wrong_type", lambda: b"<html><table><tr><td>Niv\xc3\xa51</td></tr></table></html>"),
    "a PDF": ("file.wrong_type", lambda: b"%PDF-1.7\n"),
    "an archive of something else": ("file.wrong_type", lambda: changed({"[Content_Types].xml": None})),
    "a text document": (
        "file.wrong_type",
        lambda: edited("xl/workbook.xml", r"<workbook .*</workbook>", "<document/>"),
    ),
    "a package without a document": (
        "file.wrong_type",
        lambda: changed({"xl/workbook.xml": None}),
    ),
    "a document of another program": (
        "file.wrong_type",
        lambda: edited("[Content_Types].xml", "/xl/workbook.xml", "/word/document.xml"),
    ),
    "a workbook in the strict format": ("file.wrong_type", strict),
    "a binary workbook": (
        "file.wrong_type",
        lambda: changed({"xl/workbook.xml": None, "xl/workbook.bin": part("xl/workbook.xml")}),
    ),
    "the old format": ("file.old_excel", lambda: OLE2),
    "a password": ("file.password", lambda: OLE2 + "EncryptedPackage".encode("utf-16-le")),
    "a password on the archive": ("file.password", encrypted),
    "macros": ("file.macros", lambda: changed({"xl/vbaProject.bin": b"\0"})),
    "macros of the oldest kind": ("file.macros", lambda: changed({"xl/macrosheets/sheet1.xml": "<x/>"})),
    "macros by type": (
        "file.macros",
        lambda: edited(
            "[Content_Types].xml",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main",
            "application/vnd.ms-excel.sheet.macroEnabled.main",
        ),
    ),
    "half a file": ("file.damaged", lambda: GOOD[: len(GOOD) // 2]),
    "a part with a wrong byte": ("file.damaged", lambda: GOOD[:60] + bytes([GOOD[60] ^ 255]) + GOOD[61:]),
    "half a part": ("file.damaged", lambda: changed({SHEET: part(SHEET)[:300]})),
    "no sheet": ("file.damaged", lambda: changed({SHEET: None})),
    "sizes that are not true": ("file.damaged", lying_about_sizes),
    "one name for two parts": ("file.damaged", same_name_twice),
    "an unusual compression": ("file.damaged", lambda: changed({}, compression=ZIP_BZIP2)),
    "an unknown encoding": ("file.damaged", lambda: edited(SHEET, 'encoding="UTF-8"', 'encoding="UTF-7"')),
    "a string that is not there": ("file.damaged", lambda: edited(SHEET, "<v>0</v>", "<v>99</v>")),
    "a string before the first": ("file.damaged", lambda: edited(SHEET, "<v>0</v>", "<v>-1</v>")),
    "a number that is none": ("file.damaged", lambda: with_rows("<row><c><v>tre</v></c></row>")),
    "a number beyond all": ("file.damaged", lambda: with_rows("<row><c><v>1e999</v></c></row>")),
    "a number of ten thousand digits": ("file.damaged", lambda: with_rows(f"<row><c><v>{'9' * 10_000}</v></c></row>")),
    "a kind of cell that is unknown": ("file.damaged", lambda: with_rows('<row><c t="x"><v>1</v></c></row>')),
    "a part whose name has another case": (
        "file.damaged",
        lambda: changed({STRINGS: None, "xl/SharedStrings.xml": part(STRINGS)}),
    ),
    "styles that are none": ("file.damaged", lambda: changed({"xl/styles.xml": "<x><fills><fill/></fills></x>"})),
    "one sheet twice": ("file.damaged", lambda: with_second_sheet("worksheets/sheet1.xml")),
    "one sheet by two ways": ("file.damaged", lambda: with_second_sheet("../xl/worksheets/x/../sheet1.xml")),
    "strings as a sheet": ("file.damaged", lambda: with_second_sheet("sharedStrings.xml")),
    "a sheet as strings": (
        "file.damaged",
        lambda: edited("[Content_Types].xml", "/xl/sharedStrings.xml", "/xl/worksheets/sheet1.xml"),
    ),
    "a sheet as the workbook": (
        "file.wrong_type",
        lambda: edited("[Content_Types].xml", "/xl/workbook.xml", "/xl/worksheets/sheet1.xml"),
    ),
    "a row in a row": (
        "file.damaged",
        lambda: with_rows(f'<row r="1"><row r="1000000000000">{HEADING_ROW}</row></row>'),
    ),
    "rows in the wrong order": (
        "file.damaged",
        lambda: with_rows(f'<row r="2">{text_cell("A2", "A")}</row>{HEADING_ROW}'),
    ),
    "a cell in two places": ("file.damaged", lambda: with_rows(f'<row r="1">{text_cell("A1", "x") * 2}</row>')),
    "a cell in another row": ("file.damaged", lambda: with_rows(f'<row r="1">{text_cell("A9", "x")}</row>')),
    "a cell without a place": ("file.damaged", lambda: with_rows(f'<row r="1">{text_cell("nowhere", "x")}</row>')),
    "a row beyond all": ("file.damaged", lambda: with_rows('<row r="1048577"/>')),
    "a million million rows": ("file.damaged", lambda: with_rows('<row r="1000000000000"/>')),
    "a bomb of one part": ("file.unpacks_too_large", lambda: changed({SHEET: bytes(50_000_000)})),
    "a bomb beside the list": ("file.unpacks_too_large", lambda: changed({"xl/media/a.png": bytes(50_000_000)})),
    "a bomb of many parts": (
        "file.unpacks_too_large",
        lambda: changed({f"xl/media/{n}.png": bytes(1_000_000) for n in range(50)}),
    ),
    "three thousand parts": ("file.unpacks_too_large", lambda: changed({f"x{n}": b"" for n in range(3_000)})),
    "ten million rows": (
        "file.unpacks_too_large",
        lambda: with_rows(HEADING_ROW + "<row/>" * 10_000_000),
    ),
    "four million elements": (
        "file.unpacks_too_large",
        lambda: with_rows(HEADING_ROW + "<x/>" * 4_000_000),
    ),
    "four million strings": (
        "file.unpacks_too_large",
        lambda: changed({STRINGS: f'<sst xmlns="{MAIN}">{"<si/>" * 4_000_000}</sst>'}),
    ),
    "four million styles": (
        "file.unpacks_too_large",
        lambda: changed({"xl/styles.xml": f"<x><cellXfs>{'<xf/>' * 4_000_000}</cellXfs></x>"}),
    ),
    "a million blank cells": (
        "file.unpacks_too_large",
        lambda: with_rows(HEADING_ROW + f"<row>{'<c/>' * 10_000}</row>" * 100),
    ),
    "a million values in one cell": (
        "file.unpacks_too_large",
        lambda: with_rows(f"<row><c>{'<v/>' * 1_000_000}</c></row>"),
    ),
    "a million attributes of one string": (
        "file.unpacks_too_large",
        lambda: changed({STRINGS: f'<sst xmlns="{MAIN}"><si><t {MANY_ATTRIBUTES}/>{"<t/>" * 40_000}</si></sst>'}),
    ),
    "half a million pieces of formatted text": (
        "file.unpacks_too_large",
        lambda: changed({STRINGS: f'<sst xmlns="{MAIN}">{f"<si>{RUN * 50}</si>" * 10_000}</sst>'}),
    ),
    "a million empty pieces in a few strings": (
        "file.unpacks_too_large",
        lambda: changed({STRINGS: f'<sst xmlns="{MAIN}">{f"<si>{EMPTY_PIECES}</si>" * 20}</sst>'}),
    ),
    "a date format that takes ages": (
        "file.unpacks_too_large",
        lambda: changed({"xl/styles.xml": f"<x><numFmts><numFmt formatCode='{'[' * 1_000}'/></numFmts></x>"}),
    ),
    "a page heading that takes ages": (
        "file.unpacks_too_large",
        lambda: with_rows(HEADING_ROW, before=f"<oddHeader>{'&amp;L&amp;C&amp;R' * 1_000}</oddHeader>"),
    ),
    "thirteen million wide characters": (
        "file.unpacks_too_large",
        lambda: changed({STRINGS: f'<sst xmlns="{MAIN}">{f"<si><t>🙂{LONG_TEXT}</t></si>" * 420}</sst>'}),
    ),
    "one long formula in many cells": ("file.unpacks_too_large", lambda: shared_formulas("A1+" * 2_000 + "1", 2_000)),
    "an entity from elsewhere": ("file.doctype", lambda: doctype(SHEET, '<!ENTITY a SYSTEM "file:///etc/passwd">')),
    "a definition from elsewhere": (
        "file.doctype",
        lambda: edited(STRINGS, r"\?>", '?><!DOCTYPE x SYSTEM "http://example.invalid/x.dtd">'),
    ),
    "a billion laughs": ("file.doctype", lambda: doctype(STRINGS, LAUGHS)),
    "a billion laughs in the workbook": ("file.doctype", lambda: doctype("xl/workbook.xml", LAUGHS)),
    "a billion laughs in two bytes": ("file.doctype", lambda: doctype(STRINGS, LAUGHS, "utf-16")),
    "a billion laughs in a part that is not read": ("file.doctype", lambda: doctype("docProps/core.xml", LAUGHS)),
    "a billion laughs under another name": (
        "file.doctype",
        lambda: changed(
            {
                "xl/_rels/workbook.xml.rels": part("xl/_rels/workbook.xml.rels").replace("sheet1.xml", "sheet1.bin"),
                "xl/worksheets/sheet1.bin": f"<!DOCTYPE x [{LAUGHS}]><worksheet>&i;</worksheet>",
            }
        ),
    ),
    "a cell of 10 MB": ("file.cell_too_long", lambda: with_rows(f"<row>{text_cell('A1', 'x' * 10_000_000)}</row>")),
    "a string of 10 MB": (
        "file.cell_too_long",
        lambda: changed({STRINGS: f'<sst xmlns="{MAIN}"><si><t>{"x" * 10_000_000}</t></si></sst>'}),
    ),
    "a tag of 10 MB": ("file.cell_too_long", lambda: with_rows(TAG_OF_10_MB)),
    "a comment of 10 MB": ("file.cell_too_long", lambda: with_rows(f"<!--{'x' * 10_000_000}-->")),
    "something in the last column": ("file.too_wide", lambda: with_rows(f'<row r="1">{text_cell("XFD1", "x")}</row>')),
    "nearly a million rows": (
        "rows.too_many",
        lambda: with_rows(HEADING_ROW + "".join(f'<row><c t="str"><v>x{n}</v></c></row>' for n in range(900_000))),
    ),
    "16,384 columns in 1,000 rows": (
        "file.too_wide",
        lambda: with_rows(HEADING_ROW + f"<row>{'<c><v>1</v></c>' * 16_384}</row>" * 100),
    ),
    "a size of the sheet that is not true": (
        "cell.number",
        lambda: with_rows(
            HEADING_ROW + '<row r="2"><c r="A2"><v>1</v></c></row>', before='<dimension ref="A1:XFD1048576"/>'
        ),
    ),
    "formulas everywhere": (
        "cell.formula",
        lambda: with_rows(HEADING_ROW + "<row><c><f>A1</f><v>1</v></c></row>" * 19_000),
    ),
}
