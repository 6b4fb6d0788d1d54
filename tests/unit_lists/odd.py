"""Broken and odd lists with everything that is to be said about them, in reading order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from app.domain.unit_list import CellError, Formula

NBSP = "\N{NO-BREAK SPACE}"
ZERO_WIDTH = "\N{ZERO WIDTH SPACE}"
H1, H2, H3 = ["Nivå1"], ["Nivå1", "Nivå2"], ["Nivå1", "Nivå2", "Nivå3"]
H2N = ["Nivå1", "Nivå2", "Antall"]
OK = ["Divisjon B", "ingen"]


@dataclass(frozen=True)
class Odd:
    """`findings` are "code cell"; `paths` are the paths of the tree joined with "/", None when there is no tree."""

    name: str
    rows: list[list[Any]]
    findings: list[str]
    paths: list[str] | None = None
    organisation: str = ""


def broken(name: str, rows: list[list[Any]], *findings: str) -> Odd:
    return Odd(name, rows, list(findings))


def usable(name: str, rows: list[list[Any]], paths: list[str], *findings: str, organisation: str = "") -> Odd:
    return Odd(name, rows, list(findings), paths, organisation)


LONG = "Avdeling for " + "svært " * 40 + "lange navn"
PHONE = "Avdeling for navn som er lengre enn en telefon viser godt i en liste"
B = "Divisjon B/ingen"

ODD = [
    # headings
    broken("no heading at all", [["Divisjon A"], ["Divisjon B"]], "heading.forgotten A1"),
    broken("heading without the word", [["Divisjon", "Avdeling"], ["A", "B"]], "heading.forgotten A1"),
    broken("headings in row two", [["Enhetsliste"], H2, ["A", "B"]], "heading.not_first_row A2"),
    broken("blank row above the headings", [[], H1, ["A"]], "heading.not_first_row A2"),
    broken("a heading that is no level", [["Nivå1", "Merknad"], ["A", "x"], ["B"]], "heading.unknown B1"),
    broken("a heading that is a formula", [["Nivå1", Formula("=A1")], ["A"], ["B"]], "heading.unknown B1"),
    broken("a column without heading", [["Nivå1"], ["A", "hemmelig"], ["B"]], "heading.blank B1"),
    broken("a level left out", [["Nivå1", "Nivå3"], ["A", "x"], OK], "heading.sequence B1"),
    broken("levels in the wrong order", [["Nivå2", "Nivå1"], ["A", "x"], OK], "heading.sequence A1"),
    broken("the same level twice", [["Nivå1", "Nivå1"], ["A", "x"], OK], "heading.sequence B1"),
    broken("two head counts", [["Nivå1", "Antall", "Antall"], ["A", 1, 2], ["B", 1, 2]], "heading.second_count C1"),
    usable(
        "numbers as headings",
        [[1, 2], ["A", "ingen"], OK],
        ["A/ingen", B],
        "heading.incomplete A1",
        "heading.incomplete B1",
        "unit.only_catch_all B2",
        "unit.only_catch_all B3",
    ),
    usable(
        "levels without numbers",
        [["Nivå", "nivå"], ["A", "ingen"]],
        ["A/ingen"],
        "heading.incomplete A1",
        "heading.incomplete B1",
        "unit.only_catch_all B2",
    ),
    usable(
        "English headings",
        [["Level 1", "Level 2"], ["A", "x"], ["A", "other"]],
        ["A/x", "A/other"],
        "heading.incomplete A1",
        "heading.incomplete B1",
    ),
    usable("headings in any case with blanks", [["nivå 1", " NIVÅ2 "], ["A"], OK], ["A", B], "unit.only_catch_all B3"),
    broken("nine levels", [[f"Nivå{n}" for n in range(1, 10)], ["A"], ["B"]], "levels.too_many I1"),
    usable(
        "more levels than a phone shows",
        [
            [f"Nivå{n}" for n in range(1, 7)],
            ["A", "b", "c", "d", "e", "f"],
            ["A", "b", "c", "d", "e"],
            ["A", "b", "c", "d"],
            ["A", "b", "c"],
            ["A", "b"],
            ["A"],
        ],
        ["A", "A/b", "A/b/c", "A/b/c/d", "A/b/c/d/e", "A/b/c/d/e/f"],
        "levels.phone F1",
    ),
    # rows
    broken("nothing below the headings", [H2], "rows.none"),
    broken("only blanks below the headings", [H2, ["  "]], "rows.none"),
    usable("a blank row in the middle", [H1, ["A"], [], [], ["B"]], ["A", "B"], "row.blank A3"),
    usable("the same row twice", [H1, ["A"], ["B"], ["A"]], ["A", "B"], "row.duplicate A4"),
    usable(
        "the same row twice, one head count",
        [H2N, ["A", "x"], ["A", "stab", 3], ["A", "x", 4]],
        ["A/x=4", "A/stab=3"],
        "count.missing C2",
        "row.duplicate B4",
    ),
    broken(
        "the same row twice, two head counts",
        [H2N, ["A", "x", 4], ["A", "stab", 3], ["A", "x", 4]],
        "row.duplicate_count B4",
    ),
    broken(
        "blank as same as above",
        [H2, ["A", "x"], [None, "y"], [None, "z"]],
        "cell.blank_first_level A3",
        "cell.blank_first_level A4",
    ),
    broken("a hole in the path", [H3, ["A", None, "x"], ["B"]], "cell.blank_in_path B2"),
    broken(
        "two holes in the path", [H3, [None, None, "x"], ["B"]], "cell.blank_first_level A2", "cell.blank_in_path B2"
    ),
    # cells
    broken("a formula", [H2, ["A", Formula("=A2")], OK], "cell.formula B2"),
    broken(
        "a formula that calls out", [H1, ["A"], [Formula('=WEBSERVICE("http://example.invalid/")')]], "cell.formula A3"
    ),
    broken("an error value", [H2, ["A", CellError("#REF!")], OK], "cell.error B2"),
    broken("a date", [H2, ["A", date(2026, 4, 3)], OK], "cell.date B2"),
    broken("a moment", [H2, ["A", datetime(2026, 4, 3, 12, 30)], OK], "cell.date B2"),  # noqa: DTZ001 - as in a cell
    broken("a time", [H2, ["A", time(12, 30)], OK], "cell.date B2"),
    broken("a truth value", [H1, [True], ["B"]], "cell.boolean A2"),
    usable(
        "numbers as names",
        [H1, [123], [4.0], [1.5], ["C"]],
        ["123", "4", "1.5", "C"],
        "cell.number A2",
        "cell.number A3",
        "cell.number A4",
    ),
    usable(
        "blanks around",
        [H1, [" A"], ["B "], ["C  D"], ["E\nF"]],
        ["A", "B", "C D", "E F"],
        *[f"cell.blanks A{n}" for n in (2, 3, 4, 5)],
    ),
    usable("blanks of another kind", [H1, [f"A{NBSP}1"], ["B"]], ["A 1", "B"], "cell.blanks A2"),
    usable("a cell of blanks", [H2, ["A", "  "], OK], ["A", B], "cell.blanks B2", "unit.only_catch_all B3"),
    usable(
        "invisible characters",
        [H1, [f"A{ZERO_WIDTH}"], ["B\N{SOFT HYPHEN}C"], ["D\x07"]],
        ["A", "BC", "D"],
        *[f"cell.invisible A{n}" for n in (2, 3, 4)],
    ),
    usable("a letter in two parts", [H1, ["Ra\N{COMBINING RING ABOVE}d"], ["B"]], ["Råd", "B"], "cell.invisible A2"),
    usable("names that look like formulas", [H1, ["=1+1"], ["+47"], ["-"], ["@drift"]], ["=1+1", "+47", "-", "@drift"]),
    usable("names that look like errors", [H1, ["#N/A"], ["#REF!"]], ["#N/A", "#REF!"]),
    usable("names that look like escapes", [H1, ["A_x0041_"], ["_xyz_"]], ["A_x0041_", "_xyz_"]),
    usable("names in other alphabets", [H1, ["Боевая"], ["分部"], ["🙂🙃"]], ["Боевая", "分部", "🙂🙃"]),
    # names
    broken("a name beyond the limit", [H1, [LONG], ["B"]], "name.too_long A2"),
    usable("a name beyond a phone", [H1, [PHONE], ["B"]], [PHONE, "B"], "name.phone A2"),
    usable(
        "one name under two parents",
        [H2, ["A", "Drift"], ["A", "stab"], ["B", "Drift"], ["B", "stab"]],
        ["A/Drift", "A/stab", "B/Drift", "B/stab"],
        "name.repeated B4",
    ),
    usable(
        "catch-alls under two parents",
        [H2, ["A", "x"], ["A", "Ingen"], ["B", "y"], ["B", "ingen"]],
        ["A/x", "A/Ingen", "B/y", "B/ingen"],
    ),
    usable(
        "leaders under two parents",
        [H2, ["A", "x"], ["A", "avdelingsledelse"], ["B", "y"], ["B", "avdelingsledelse"]],
        ["A/x", "A/avdelingsledelse", "B/y", "B/avdelingsledelse"],
    ),
    usable("names that differ in case", [H1, ["Drift"], ["DRIFT"]], ["Drift", "DRIFT"], "name.lookalike A3"),
    usable(
        "names that differ in blanks", [H1, ["IT drift"], ["ITdrift"]], ["IT drift", "ITdrift"], "name.lookalike A3"
    ),
    usable(
        "names with a Cyrillic letter",
        [H1, ["Orkla"], ["\N{CYRILLIC CAPITAL LETTER O}rkla"]],
        ["Orkla", "\N{CYRILLIC CAPITAL LETTER O}rkla"],
        "name.lookalike A3",
    ),
    usable(
        "names that differ in dashes",
        [H1, ["Nord-Norge"], ["Nord\N{EN DASH}Norge"]],
        ["Nord-Norge", "Nord–Norge"],
        "name.lookalike A3",
    ),
    usable(
        "names that differ in quotes",
        [H1, ["Prosjekt 'B'"], ["Prosjekt ’B’"]],
        ["Prosjekt 'B'", "Prosjekt ’B’"],
        "name.lookalike A3",
    ),
    usable("one and the letter l", [H1, ["Team 1"], ["Team l"]], ["Team 1", "Team l"], "name.lookalike A3"),
    usable(
        "a false catch-all",
        [H2, ["A", "x"], ["A", "ingen"], ["A", "\N{CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I}ngen"]],
        ["A/x", "A/ingen", "A/іngen"],
        "name.lookalike B4",
    ),
    usable(
        "two catch-alls side by side",
        [H2, ["A", "x"], ["A", "ingen"], ["A", "Ingen"]],
        ["A/x", "A/ingen", "A/Ingen"],
        "name.lookalike B4",
    ),
    # head counts
    usable("head counts", [["Antall", "Nivå1"], [3, "A"], [4.0, "B"], [0, "C"]], ["A=3", "B=4", "C=0"]),
    usable("a head count as text", [["Nivå1", "antall"], ["A", " 3 "], ["B", 4]], ["A=3", "B=4"], "count.text B2"),
    broken("a head count below nothing", [["Nivå1", "Antall"], ["A", -1], ["B", 4]], "count.invalid B2"),
    broken(
        "a head count in parts",
        [["Nivå1", "Antall"], ["A", 1.5], ["B", "ca. 4"], ["C", 1_000_001]],
        "count.invalid B2",
        "count.invalid B3",
        "count.invalid B4",
    ),
    broken(
        "a head count that is a formula", [["Nivå1", "Antall"], ["A", Formula("=1+1")], ["B", 4]], "cell.formula B2"
    ),
    broken("a sum below", [["Nivå1", "Antall"], ["A", 1], ["B", 4], [None, 5]], "count.without_unit B4"),
    usable(
        "a missing head count", [["Nivå1", "Antall"], ["A", 1], ["B"], ["C"]], ["A=1", "B", "C"], "count.missing B3"
    ),
    # the tree
    usable("one name", [H1, ["Etaten"]], []),
    usable("one name with a head count", [["Nivå1", "Antall"], ["Etaten", 40]], ["=40"]),
    usable(
        "the organisation as a level",
        [H2, ["Etaten", "A"], ["Etaten", "stab"]],
        ["Etaten/A", "Etaten/stab"],
        "top.repeats_organisation A2",
        organisation="ETATEN",
    ),
    usable(
        "another single top unit",
        [H2, ["Etaten", "A"], ["Etaten", "stab"]],
        ["Etaten/A", "Etaten/stab"],
        organisation="Tilsynet",
    ),
    usable(
        "only a catch-all below",
        [H2, ["A", "ingen"], ["B", "x"], ["B", "ingen"]],
        ["A/ingen", "B/x", "B/ingen"],
        "unit.only_catch_all B2",
    ),
    usable(
        "nothing for the unit's own", [H2, ["A", "x"], ["A", "y"], ["B"]], ["A/x", "A/y", "B"], "unit.no_catch_all A2"
    ),
    usable("a row for the unit itself", [H2, ["A", "x"], ["A", "y"], ["A"]], ["A", "A/x", "A/y"]),
    usable("units below a catch-all", [H2, ["ingen", "x"], ["ingen", "y"], ["A"]], ["ingen/x", "ingen/y", "A"]),
]
