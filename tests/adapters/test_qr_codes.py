"""QR codes: the picture is the code, and fits a page that allows no inline style."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
import segno
from markupsafe import Markup

from app.adapters.qr_codes import QUIET, Modules, qr_modules, qr_svg

LINK = "https://must.example.org/s/k7Qm2xTfRz9w"
SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg: str) -> Modules:
    """The dark squares read back from the picture, the quiet zone cut off."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own
    size = int(root.attrib["viewBox"].split()[-1])
    path = root.findall(f"{SVG}path")[1].attrib["d"]
    squares = re.findall(r"M(\d+) (\d+)h1v1h-1z", path)
    assert "".join(f"M{x} {y}h1v1h-1z" for x, y in squares) == path
    dark = {(int(x), int(y)) for x, y in squares}
    assert all(QUIET <= x < size - QUIET and QUIET <= y < size - QUIET for x, y in dark)
    return tuple(tuple((x, y) in dark for x in range(QUIET, size - QUIET)) for y in range(QUIET, size - QUIET))


@pytest.mark.parametrize("link", [LINK, "https://a.no", LINK * 20])
def test_picture_is_the_code_of_the_link(link: str) -> None:
    modules = qr_modules(link)
    assert drawn(qr_svg(link, "QR")) == modules
    assert len(modules) == len(modules[0]) >= 21
    expected = segno.make_qr(link, error="m").matrix
    assert modules == tuple(tuple(module == 1 for module in row) for row in expected)


def test_picture_has_a_name_and_nothing_that_a_strict_page_forbids() -> None:
    svg = qr_svg(LINK, "QR-kode til undersøkelsen")
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own
    assert root.attrib["role"] == "img"
    assert root[0].tag == f"{SVG}title"
    assert root[0].text == "QR-kode til undersøkelsen"
    assert "style" not in svg
    assert "class" not in svg
    assert " id=" not in svg
    assert len(svg) < 10_000


def test_picture_is_dark_on_white_whatever_is_behind_it() -> None:
    background, code = ElementTree.fromstring(qr_svg(LINK, "QR")).findall(f"{SVG}path")  # noqa: S314 - our own
    assert (background.attrib["fill"], code.attrib["fill"]) == ("#fff", "#000")


def test_title_is_text() -> None:
    svg = qr_svg(LINK, "</title><script>alert(1)</script>")
    assert isinstance(svg, Markup)
    assert "<script" not in svg
