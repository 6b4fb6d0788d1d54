"""Rows in, tree and findings out (spec 4)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.cell import coordinate_to_tuple

from app.adapters.finding_texts import TEXTS, describe, how_to_mend
from app.domain.errors import DomainError
from app.domain.unit_list import (
    MAX_FINDINGS,
    SEVERITIES,
    Formula,
    Limits,
    Severity,
    UnitList,
    coordinate,
    is_own_staff_name,
    read_unit_list,
    refused,
    shown,
    skeleton,
)
from tests.unit_lists.odd import H1, H2, ODD, Odd


def read(*rows: list[object], **options: object) -> UnitList:
    return read_unit_list(rows, sheet="Ark1", **options)  # type: ignore[arg-type]


def told(unit_list: UnitList) -> list[str]:
    """The findings as "code cell"."""
    return [f"{finding.code} {finding.cell}".strip() for finding in unit_list.findings]


def paths_of(unit_list: UnitList) -> list[str] | None:
    if unit_list.tree is None:
        return None
    return ["/".join(path) + ("" if n is None else f"={n}") for path, n in unit_list.tree.to_rows()]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_list_gives_its_findings_in_reading_order_and_its_tree(odd: Odd) -> None:
    unit_list = read(*odd.rows, organisation=odd.organisation)
    assert told(unit_list) == odd.findings
    assert paths_of(unit_list) == odd.paths
    assert unit_list.has_errors == (odd.paths is None)


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_every_finding_has_a_complete_sentence_and_a_way_to_mend_it(odd: Odd) -> None:
    for finding in read(*odd.rows, organisation=odd.organisation).findings:
        for text in (describe(finding, str), how_to_mend(finding, str)):
            assert text.endswith((".", ")."))
            assert "None" not in text


def test_every_code_has_its_texts_and_no_text_is_left_over() -> None:
    assert {code for code in TEXTS if not code.startswith("file.")} == set(SEVERITIES)


@pytest.mark.parametrize("odd", [odd for odd in ODD if odd.paths is not None], ids=lambda odd: odd.name)
def test_repaired_rows_read_as_the_same_tree_with_nothing_left_to_repair(odd: Odd) -> None:
    once = read(*odd.rows, organisation=odd.organisation)
    again = read(*map(list, once.rows), organisation=odd.organisation)
    assert again.tree == once.tree
    repaired = {"cell.blanks", "cell.invisible", "cell.number", "count.text"}
    assert not repaired & {finding.code for finding in again.findings}


TWELVE = [
    ([["Divisjon A"]], "A1", "The first row has no heading with “Nivå”. Cell A1 holds “Divisjon A”."),
    ([["Liste"], ["Nivå1"], ["A"]], "A2", "The heading “Nivå1” is not in the first row."),
    ([["Nivå1", "Nivå3"], ["A", "B"]], "B1", "The heading is “Nivå3” where “Nivå2” should be."),
    ([["Nivå1", "Merknad"], ["A", "B"]], "B1", "The heading “Merknad” is neither a level nor “Antall”."),
    ([["Nivå1"], ["A", "B"]], "B1", "The column has no heading, but it holds “B”."),
    ([["Nivå1", "Nivå2"], ["A", "B"], [None, "C"]], "A3", "The cell under Nivå1 is blank, but the same row holds “C”."),
    ([["Nivå1", "Nivå2", "Nivå3"], ["A", None, "C"]], "B2", "The cell is blank, but there is “C” to the right of it."),
    ([["Nivå1"], [Formula("=1+1")]], "A2", "The cell holds the formula “=1+1”. Formulas are not calculated."),
    ([["Nivå1"], [False]], "A2", "The cell holds a true-or-false value (FALSE)."),
    ([["Nivå1"], ["x" * 201]], "A2", f"The name “{'x' * 79}…” has 201 characters. The limit is 200."),
    (
        [["Nivå1", "Antall"], ["A", -2]],
        "B2",
        "“-2” is not a head count. It must be a whole number, at most one million.",
    ),
    ([["Nivå1"]], "", "There are headings, but no units below them."),
]


@pytest.mark.parametrize(("rows", "cell", "message"), TWELVE)
def test_twelve_broken_lists_give_twelve_clear_messages(rows: list[list[object]], cell: str, message: str) -> None:
    unit_list = read(*rows)
    assert [(finding.sheet, finding.cell, describe(finding, str)) for finding in unit_list.findings] == [
        ("Ark1", cell, message)
    ]


def test_all_findings_come_at_once() -> None:
    unit_list = read(H2, ["A ", Formula("=A1")], [None, "x"], [True, "y"], other_sheets=["Ark2"])
    expected = ["sheet.ignored", "cell.blanks A2", "cell.formula B2", "cell.blank_first_level A3", "cell.boolean A4"]
    assert told(unit_list) == expected


@pytest.mark.parametrize("rows", [[], [[]], [[None, "  "], []]])
def test_list_without_content_is_an_empty_sheet(rows: list[list[object]]) -> None:
    assert told(read(*rows)) == ["sheet.empty"]


def test_blank_rows_at_the_end_are_nothing_to_speak_of() -> None:
    assert told(read(H1, ["A"], ["B"], [], [None, None])) == []


def test_list_at_the_limit_of_rows_is_read_and_one_row_more_is_refused() -> None:
    limits = Limits(n_rows=3)
    rows: list[list[object]] = [[f"Enhet {n}"] for n in range(3)]
    assert told(read(H1, *rows, [], limits=limits)) == []
    assert told(read(H1, *rows, ["En til"], limits=limits)) == ["rows.too_many A5"]
    assert told(read(H1, *rows, [], ["En til"], limits=limits)) == ["rows.too_many A5"]


def test_errors_are_shown_before_warnings_when_there_are_too_many_findings() -> None:
    rows: list[list[object]] = [[f"Enhet {n} "] for n in range(MAX_FINDINGS + 10)]
    unit_list = read(H1, *rows, [True])
    assert unit_list.tree is None
    assert told(unit_list)[-2:] == [f"cell.boolean A{MAX_FINDINGS + 12}", "findings.more"]
    assert describe(unit_list.findings[-1], str).startswith("There are 11 more findings")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal(1), object()])
def test_content_of_another_kind_is_an_error(value: object) -> None:
    assert told(read(H1, [value])) == ["cell.unreadable A2"]
    assert told(read(["Nivå1", "Antall"], ["A", value], ["B", 1])) == ["count.invalid B2"]


def test_a_duration_is_no_name() -> None:
    assert told(read(H1, [timedelta(hours=3)], ["B"])) == ["cell.date A2"]


def test_numbers_read_as_text_say_what_they_were_read_as() -> None:
    (finding,) = read(H1, [7.0], ["B"]).findings
    assert finding.severity is Severity.WARNING
    assert describe(finding, str) == "The cell holds a number. It was read as the name “7”."


def test_blank_head_counts_all_the_way_down_are_nothing_to_speak_of() -> None:
    assert told(read(["Nivå1", "Antall"], ["A", "  "], ["B"])) == []


def test_refusal_of_a_file_is_a_list_with_one_finding() -> None:
    unit_list = refused(DomainError("file.too_large", limit_mb=5.0))
    assert (unit_list.tree, told(unit_list)) == (None, ["file.too_large"])
    assert describe(unit_list.findings[0], str) == "The file is larger than 5 MB."


@pytest.mark.parametrize(("row", "column", "cell"), [(7, 2, "B7"), (1, 26, "Z1"), (1, 27, "AA1"), (9, 16_384, "XFD9")])
def test_cells_have_the_names_that_excel_gives_them(row: int, column: int, cell: str) -> None:
    assert coordinate(row, column) == cell


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (float("nan"), "nan"),
        (True, "TRUE"),
        (2.0, "2"),
        (2.5, "2.5"),
        ("a\nb\x07c\N{NO-BREAK SPACE}", "a␣b�c␣"),
        ("x" * 81, "x" * 79 + "…"),
    ],
)
def test_values_are_quoted_on_one_line_with_nothing_invisible(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    "name",
    ["ingen", "Avdelingsledelse", "Ledelse avdeling 3", "Andre ansatte", "STAB", "Other staff", "leiing"],
)
def test_names_for_leaders_and_a_units_own_employees_are_known(name: str) -> None:
    assert is_own_staff_name(name)


@pytest.mark.parametrize("name", ["Stabilitet", "Ledelsesutvikling", "Andreas' gruppe", "Restaurering", "Etablering"])
def test_names_that_only_begin_like_them_are_units(name: str) -> None:
    assert not is_own_staff_name(name)


@given(st.text(), st.text())
def test_looking_alike_ignores_case_and_blanks(name: str, blanks: str) -> None:
    assert skeleton(f" {name}\N{NO-BREAK SPACE}") == skeleton(name)


cells = st.one_of(
    st.none(), st.text(max_size=8), st.integers(), st.floats(), st.booleans(), st.dates(), st.builds(Formula, st.text())
)


@given(st.lists(st.lists(cells, max_size=4), max_size=6), st.booleans())
def test_no_content_is_too_odd_to_be_told_about(rows: list[list[object]], has_headings: bool) -> None:
    unit_list = read(*([["Nivå1", "Nivå2", "Antall"]] if has_headings else []), *rows)
    assert (unit_list.tree is None) == any(finding.severity is Severity.ERROR for finding in unit_list.findings)
    for finding in unit_list.findings:
        assert describe(finding, str)
        assert how_to_mend(finding, str)
    places = [coordinate_to_tuple(finding.cell) if finding.cell else (0, 0) for finding in unit_list.findings]
    assert places == sorted(places)
