"""The poster: one page in both languages, a code that leads to the link, nothing cut off, tagged."""

from __future__ import annotations

import re
from functools import cache
from itertools import combinations
from pathlib import Path

import page
import pikepdf
import pytest

from app.domain.errors import DomainError
from app.reports.poster import render_poster
from tests.reports.factory import LETTERS
from tests.reports.reading import Document, Run, read

MODULES = tuple(tuple((x * y + x) % 3 == 0 for x in range(33)) for y in range(33))
LINK = "https://must.example.org/s/k7Qm2xTfRz9w"
NAMES = {
    "short": "Etat",
    "plain": "Direktoratet for prøving",
    "long": ("Direktoratet for svært lange navn, sammensetninger og gjentakelser " * 3)[:200].strip(),
    "odd": LETTERS,
}
every_name = pytest.mark.parametrize("name", NAMES)


@cache
def poster(name: str = "plain", link: str = LINK) -> bytes:
    def values(last_on: str) -> dict[str, object]:
        return {"organisation": NAMES[name], "link": link, "last_on": last_on, "n_minutes": 15}

    return render_poster({"nb": values("15. oktober 2026"), "en": values("15 October 2026")}, MODULES)


def document(name: str = "plain") -> Document:
    return read(poster(name))


@every_name
def test_passes_the_checks_of_pdf_ua_and_pdf_a(name: str, tmp_path: Path) -> None:
    file = tmp_path / "poster.pdf"
    file.write_bytes(poster(name))
    for profile in ("ua1", "2a"):
        result = str(page.validate_pdf(str(file), profile=profile))
        assert re.search(r"Rules: (\d+) passed, 0 failed, \1 total", result), result


@every_name
def test_is_one_page_on_which_nothing_is_cut_off_or_overlaps(name: str) -> None:
    made = document(name)
    (sheet,) = made.pdf.pages
    width, height = float(sheet.MediaBox[2]), float(sheet.MediaBox[3])
    assert (round(width), round(height)) == (595, 842)
    assert all(run.box[0] >= 50 and run.box[2] <= width - 50 for run in made.runs)
    assert all(run.box[1] >= 30 and run.box[3] <= height - 30 for run in made.runs)
    assert not [(one.text, two.text) for one, two in combinations(made.runs, 2) if overlap(one, two)]


def overlap(one: Run, two: Run) -> bool:
    across = min(one.box[2], two.box[2]) - max(one.box[0], two.box[0])
    along = min(one.box[3], two.box[3]) - max(one.box[1], two.box[1])
    return across > 0.5 and along > 0.5


def test_says_who_what_where_until_when_and_that_it_is_voluntary_in_both_languages() -> None:
    made = document()
    text = made.text.replace("\N{NO-BREAK SPACE}", " ")
    for words in (NAMES["plain"], LINK, "15. oktober 2026", "15 October 2026", "frivillig", "voluntary", "ID-porten"):
        assert words in text
    assert [node.role for node in made.root.all("H1", "H2", "Figure", "Link")] == ["H1", "H2", "Figure", "Link"]
    assert str(made.pdf.Root.Lang) == "nb"


def test_every_text_of_a_language_says_which() -> None:
    made = document()
    elements = [item for item in made.pdf.Root.StructTreeRoot.K.K if isinstance(item, pikepdf.Dictionary)]
    languages = [str(element.Lang) for element in elements if "/Lang" in element]
    assert languages == ["nb", "en", *["nb"] * 3, *["en"] * 3]


def test_address_is_a_link_that_opens() -> None:
    made = document()
    (annotation,) = made.pdf.pages[0].Annots
    assert str(annotation.A.URI) == LINK
    assert str(annotation.Contents) == LINK


def test_code_is_drawn_square_by_square_with_white_around_it() -> None:
    made = document()
    content = made.pdf.pages[0].Contents.read_bytes().decode("latin-1")
    drawn = re.search(r"/Figure <</MCID \d+>> BDC\s+0 0 0 rg (.*?) f\s", content, re.DOTALL)
    assert drawn
    rows: dict[float, list[tuple[float, float]]] = {}
    for x, y, width, _ in re.findall(r"([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re", drawn[1]):
        rows.setdefault(float(y), []).append((float(x), float(width)))
    side = 78 * 72 / 25.4 / len(MODULES)
    left = min(x for row in rows.values() for x, _ in row)
    read_back = []
    for y in sorted(rows, reverse=True):
        dark = {round((x - left) / side) + n for x, width in rows[y] for n in range(round(width / side))}
        read_back.append(tuple(n in dark for n in range(len(MODULES))))
    assert tuple(read_back) == MODULES
    bottom = min(rows)
    assert all(run.box[3] <= bottom - 4 * side or run.box[1] >= max(rows) + 5 * side for run in made.runs)


def test_same_input_gives_the_same_bytes_and_a_long_address_fits() -> None:
    first = poster("plain", f"{LINK}/{'x' * 60}")
    poster.cache_clear()
    assert poster("plain", f"{LINK}/{'x' * 60}") == first
    assert all(run.box[2] <= 595 - 50 for run in read(first).runs)


def test_missing_day_is_refused() -> None:
    values = {"organisation": "Etat", "link": LINK, "n_minutes": 15}
    with pytest.raises(DomainError, match=r"text\.value_missing"):
        render_poster({"nb": values}, MODULES)
