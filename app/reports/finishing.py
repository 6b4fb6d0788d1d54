"""The last step of a document of ReportLab: it says what it is, and its many small objects are packed.

It says that it is tagged (PDF/UA-1) and can be kept for good (PDF/A-2a): fonts and colours are all inside.

The tags of one report are a thousand objects: plain, they would be two thirds of its file.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFStream, PDFString
from reportlab.pdfbase.pdfdoc import format as formatted

_HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_END_OF_STREAM = b"endstream\n"
_LINE_END = b"\r\n"  # also after data that ends like half of it
_PER_PACK = 500
_SRGB = Path(__file__).with_name("srgb.icc")
"""The profile built into LittleCMS, which is free of copyright."""
_FREE, _PLAIN, _PACKED = 0, 1, 2  # the kinds of entry of a cross-reference stream


def describe(document: Any) -> None:
    """That the document is tagged, what it is called, in which language it is and which red its red is."""
    catalog, info = document.Catalog, document.info
    catalog.OutputIntents = PDFArray([_srgb(document)])
    catalog.MarkInfo = PDFDictionary({"Marked": "true"})
    catalog.ViewerPreferences = PDFDictionary({"DisplayDocTitle": "true"})
    kind = PDFDictionary({"Type": PDFName("Metadata"), "Subtype": PDFName("XML")})
    catalog.Metadata = PDFStream(kind, _xmp(info.title, info.author, catalog.Lang.s))
    for number, page in enumerate(document.Pages.pages):
        page.StructParents, page.Tabs = number, PDFName("S")


def _srgb(document: Any) -> PDFDictionary:
    profile = PDFStream(PDFDictionary({"N": 3, "Filter": PDFName("FlateDecode")}), _compressed_srgb())
    return PDFDictionary({
        "Type": PDFName("OutputIntent"),
        "S": PDFName("GTS_PDFA1"),
        "OutputConditionIdentifier": PDFString("sRGB"),
        "DestOutputProfile": document.Reference(profile, "srgb"),
    })  # fmt: skip


@cache
def _compressed_srgb() -> bytes:
    return zlib.compress(_SRGB.read_bytes())


def _xmp(title: str, author: str, language: str) -> bytes:
    title, author = escape(title), escape(author)
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<pdf:Producer>MUST</pdf:Producer><pdfuaid:part>1</pdfuaid:part>
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>
""".encode()


def packed(document: Any) -> bytes:
    """The file (ISO 32000-1, 7.5.7 and 7.5.8); the same bytes for the same objects."""
    document.Reference(document.Catalog)
    document.Reference(document.info)
    parts, places, small = [_HEAD], {0: (_FREE, 0, 0xFFFF)}, []
    offset = len(_HEAD)

    def add(number: int, body: bytes) -> None:
        nonlocal offset
        places[number] = (_PLAIN, offset, 0)
        parts.append(b"%d 0 obj\n%bendobj\n" % (number, body))
        offset += len(parts[-1])

    for number, body in _objects(document):
        if body.endswith(_END_OF_STREAM):
            add(number, body.removesuffix(_END_OF_STREAM) + _LINE_END + _END_OF_STREAM)
        else:
            small.append((number, body))
    last = len(document.numberToId)
    for start in range(0, len(small), _PER_PACK):
        last, part = last + 1, small[start : start + _PER_PACK]
        places.update({number: (_PACKED, last, place) for place, (number, _) in enumerate(part)})
        add(last, _pack(part))
    digest = hashlib.sha256(b"".join(parts)).digest()[:16].hex().encode()
    parts.append(_cross_references(document, places, last + 1, offset, digest))
    return b"".join(parts)


def _objects(document: Any) -> Iterator[tuple[int, bytes]]:
    """Every object by its number; writing one may add others."""
    number = 1
    while number in document.numberToId:
        yield number, formatted(document.idToObject[document.numberToId[number]], document, 1)
        number += 1


def _pack(objects: list[tuple[int, bytes]]) -> bytes:
    index, offset = [], 0
    for number, body in objects:
        index.append(b"%d %d" % (number, offset))
        offset += len(body) + 1
    head = b" ".join(index) + b"\n"
    content = head + b"\n".join(body for _, body in objects)
    return _stream(b"/Type/ObjStm/N %d/First %d" % (len(objects), len(head)), content)


def _cross_references(
    document: Any, places: dict[int, tuple[int, int, int]], number: int, offset: int, digest: bytes
) -> bytes:
    """The last object and what points to it."""
    places[number] = (_PLAIN, offset, 0)
    table = b"".join(
        b"%c%b%b" % (kind, one.to_bytes(4), two.to_bytes(2)) for _, (kind, one, two) in sorted(places.items())
    )
    root, info = (formatted(document.Reference(thing), document) for thing in (document.Catalog, document.info))
    entries = b"/Type/XRef/Size %d/W[1 4 2]/Root %b/Info %b/ID[<%b><%b>]" % (number + 1, root, info, digest, digest)
    return b"%d 0 obj\n%bendobj\nstartxref\n%d\n%%%%EOF\n" % (number, _stream(entries, table), offset)


def _stream(entries: bytes, content: bytes) -> bytes:
    data = zlib.compress(content)
    return b"<<%b/Filter/FlateDecode/Length %d>>\nstream\n%b%b%b" % (
        entries, len(data), data, _LINE_END, _END_OF_STREAM
    )  # fmt: skip
