"""The unit list of an order: uploading, what is said about it, and how the server stands it."""

from __future__ import annotations

import re
import sys
import tempfile
import time
from io import BytesIO
from threading import Thread
from zipfile import ZipFile

import openpyxl
import pytest
from bs4 import BeautifulSoup
from flask import Flask

from app.adapters import list_reader
from app.adapters.list_reader import check_apart, repair_apart
from app.adapters.spreadsheets import check_unit_list
from app.db.orders import AuditLine, UploadedList
from app.domain.errors import DomainError
from app.domain.survey import State
from app.domain.unit_list import Finding, Severity
from app.domain.units import UnitTree
from app.extensions import session
from app.services.orders import find_order, tree_of
from app.web.ordering import rehearsal
from app.web.ordering.blueprint import MAX_UPLOAD
from app.web.ordering.doctor import MAX_ALIKE, MAX_BRANCHES, MAX_CHILDREN, MAX_SHOWN, Branch, examine
from tests.unit_lists.hostile import GOOD, HOSTILE
from tests.unit_lists.writers import by_xlsxwriter
from tests.web.conftest import HandClock
from tests.web.ordering import STRANGER, Desk, furnish, order_in

COUNTED = by_xlsxwriter(
    [
        *(["Nivå1", "Nivå2", "Antall"], ["A", "A1", 40], ["A", "A2 ", 5], ["A", "A3", 6], ["A", "ingen", 2]),
        ["<b>B</b>", "", 30],
    ]
)
PLAIN = by_xlsxwriter([["Nivå1"], ["Divisjon A"], ["Divisjon B"]])
BAD = by_xlsxwriter([["Nivå1", "Nivå2"], ["A", "A1"], ["", "A2"], ["", "=1"], ["C ", "c"]])
SHAPED = ("sheet.ignored", "cell.number", "cell.formula", "rows.too_many")


@pytest.fixture
def desk(web: Flask, clock: HandClock) -> Desk:
    furnish(web)
    desk = Desk(web).enter()
    desk.begin_order()
    return desk


def tree(web: Flask, desk: Desk) -> UnitTree | None:
    with web.app_context():
        order = find_order(session(), desk.order_id)
        assert order is not None
        return tree_of(order)


def uploaded(web: Flask, desk: Desk) -> UploadedList | None:
    with web.app_context():
        return session().get(UploadedList, desk.order_id)


# --- Uploading -------------------------------------------------------------------------------------------------------


def test_page_without_a_list_says_how_to_write_one(desk: Desk) -> None:
    desk.get(desk.at("unit-list"))
    assert "the headings Nivå1, Nivå2" in desk.text
    template = openpyxl.load_workbook(BytesIO(desk.fetch("unit-list/template.xlsx").data))
    assert template.worksheets[0]["A1"].value == "Nivå1"


def test_good_list_is_taken_shown_and_kept(web: Flask, desk: Desk) -> None:
    desk.upload(PLAIN)
    assert (desk.status, desk.path) == (200, desk.at("unit-list"))
    assert "The list is good" in desk.text
    assert "2 units, 1 level." in desk.text
    found = tree(web, desk)
    assert found is not None
    assert [unit.name for unit in found.units[1:]] == ["Divisjon A", "Divisjon B"]
    desk.get(desk.at())
    assert "units.xlsx 2 units, 1 level." in desk.text


def test_list_with_errors_says_where_what_and_how_to_mend_it(web: Flask, desk: Desk) -> None:
    desk.upload(BAD)
    assert desk.status == 422
    errors = [line.get_text(" ", strip=True) for line in desk.page.select(".severity-error .findings li")]
    assert len(errors) == 2
    assert errors[0].startswith("Ark1 A3 The cell under Nivå1 is blank, but the same row holds “A2”.")
    assert "Write the name of the unit on level 1 in every row." in errors[0]
    assert desk.page.select_one(".severity-repaired .place") is not None
    assert desk.page.select_one("#try") is None
    assert tree(web, desk) is None
    desk.get(desk.at())
    desk.send("#order", button={"go": "check"})
    assert "The unit list has errors." in desk.text


def test_list_is_replaced_and_removed(web: Flask, desk: Desk) -> None:
    desk.upload(BAD)
    desk.upload(COUNTED, "bedre.xlsx")
    kept = uploaded(web, desk)
    assert kept is not None
    assert kept.file_name == "bedre.xlsx"
    desk.get(desk.at("unit-list"))
    desk.send("form[action$=remove]")
    assert "The list is removed." in desk.text
    assert (uploaded(web, desk), tree(web, desk)) == (None, None)


def test_upload_by_htmx_changes_the_page_in_place(desk: Desk) -> None:
    page = desk.get(desk.at("unit-list"))
    form = page.select_one("form[enctype]")
    assert form is not None
    assert (form["hx-encoding"], form["hx-target"]) == ("multipart/form-data", "#unit-list")
    part = desk.upload(COUNTED, is_partial=True)
    assert desk.status == 200
    assert part.select_one("#unit-list > .notice[autofocus]") is not None
    whole = desk.get(desk.at("unit-list"))
    for made in (part, whole):
        for token in made.select("input[name=csrf_token], [autofocus]"):
            token.attrs = {}
    here, there = whole.select_one("#unit-list"), part.select_one("#unit-list")
    assert here is not None
    assert there is not None
    assert here.select_one(".tree") == there.select_one(".tree"), "the fragment is contained in the page"


def test_nothing_chosen_is_said(desk: Desk) -> None:
    desk.get(desk.at("unit-list"))
    desk.send("form[enctype]")
    assert (desk.status, "Choose a file first." in desk.text) == (422, True)


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd.xlsx",
        "C:\\Users\\kari\\liste.xlsx",
        "<img src=x>.xlsx",
        "æøå\tX.xlsx",
        "x" * 400,
    ],
)
def test_name_of_a_file_is_only_ever_shown(web: Flask, desk: Desk, name: str) -> None:
    desk.upload(COUNTED, name)
    kept = uploaded(web, desk)
    assert kept is not None
    assert not re.search(r"[/\\\r\n]", kept.file_name)
    assert len(kept.file_name) <= 200
    assert "<img" not in desk.html
    answer = desk.fetch("unit-list/repaired.xlsx")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="unit-list-repaired.xlsx"'


def test_repaired_copy_marks_every_cell_in_the_language_of_the_page(desk: Desk) -> None:
    desk.upload(BAD)
    sheet = openpyxl.load_workbook(BytesIO(desk.fetch("unit-list/repaired.xlsx").data)).worksheets[0]
    assert sheet["A5"].value == "C"
    assert sheet["A3"].comment is not None
    assert "A blank cell does not mean" in sheet["A3"].comment.text
    norwegian = desk.client.get(desk.at("unit-list/repaired.xlsx"), headers={"Accept-Language": "nb"})
    sheet = openpyxl.load_workbook(BytesIO(norwegian.data)).worksheets[0]
    assert "En tom celle betyr ikke" in sheet["A3"].comment.text  # type: ignore[union-attr]


def test_without_a_list_there_is_nothing_to_repair_forecast_or_rehearse(desk: Desk) -> None:
    for step in ("unit-list/repaired.xlsx", "unit-list/forecast", "rehearsal"):
        answer = desk.fetch(step)
        assert (answer.status_code, answer.headers["Location"]) == (303, desk.at("unit-list")), step


def test_upload_leaves_a_line_in_the_trail(web: Flask, desk: Desk) -> None:
    desk.upload(COUNTED)
    with web.app_context():
        assert [line.event for line in session().query(AuditLine)] == ["created", "list_uploaded"]


# --- Files that are too much -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a password", "macros", "half a file", "a billion laughs", "a cell of 10 MB"])
def test_hostile_file_is_refused_and_the_list_from_before_is_kept(web: Flask, desk: Desk, name: str) -> None:
    desk.upload(PLAIN)
    _, make = HOSTILE[name]
    desk.upload(make())
    assert desk.status == 422
    assert "The file cannot be used" in desk.text
    assert "The list you had before, units.xlsx, is kept." in desk.text
    kept = uploaded(web, desk)
    assert kept is not None
    assert kept.content == PLAIN


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_every_hostile_file_gets_the_same_verdict_apart(name: str) -> None:
    code, make = HOSTILE[name]
    assert [finding.code for finding in check_apart(make(), "x").findings][:1] == [code]


def test_file_larger_than_the_limit_gets_its_own_sentence_and_never_reaches_the_reader(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    desk.upload(b"PK" + bytes(5_000_000))
    assert (desk.status, "The file is larger than 5 MB." in desk.text) == (422, True)


def test_request_larger_than_that_is_not_even_read(desk: Desk) -> None:
    desk.upload(b"PK" + bytes(MAX_UPLOAD))
    assert (desk.status, "The file is larger than 5 MB." in desk.text) == (413, True)
    desk.upload(b"PK" + bytes(MAX_UPLOAD), is_partial=True)
    assert desk.status == 413


def test_only_this_place_takes_more_than_a_form_and_only_of_who_is_logged_in(web: Flask, desk: Desk) -> None:
    for step in ("", "send", "unit-list/remove", "rehearsal"):
        assert desk.post_file(desk.at(step), bytes(200_000)).status_code == 413, step
    desk.client = web.test_client()
    answer = desk.post_file(desk.at("unit-list"), bytes(200_000))
    back = f"/organisation/login?next={desk.at('unit-list')}&expired=1"
    assert (answer.status_code, answer.headers["Location"]) == (303, back)


def test_stranger_cannot_have_a_file_read_in_anothers_order(web: Flask, desk: Desk) -> None:
    stranger = Desk(web).enter(STRANGER)
    stranger.order_id = desk.order_id
    assert stranger.post_file(stranger.at("unit-list"), PLAIN).status_code == 404
    assert uploaded(web, desk) is None


def test_reader_that_is_stopped_at_its_limits_refuses_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_reader, "WALL_SECONDS", 0.01)
    assert [finding.code for finding in check_apart(GOOD, "x").findings] == ["file.unpacks_too_large"]
    with pytest.raises(DomainError, match=r"list\.unreadable"):
        repair_apart(GOOD, "x", "nb")


def test_reader_knows_nothing_of_the_servers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUST_SECRET_KEY", "geheim")
    assert not [name for name in list_reader._ENVIRONMENT if name.startswith("MUST")]


def test_third_list_at_once_waits_and_is_then_asked_to_come_back(
    web: Flask, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_reader, "_WAIT_SECONDS", 0.1)
    for _ in range(list_reader._N_AT_ONCE):
        assert list_reader._places.acquire(timeout=1)
    try:
        desk.upload(PLAIN)
    finally:
        for _ in range(list_reader._N_AT_ONCE):
            list_reader._places.release()
    assert (desk.status, "Please try again in a minute." in desk.text) == (503, True)
    assert uploaded(web, desk) is None


def test_list_read_apart_is_the_list_read_here() -> None:
    for content in (PLAIN, COUNTED, BAD):
        here, apart = check_unit_list(BytesIO(content), organisation="x"), check_apart(content, "x")
        assert (apart.tree, apart.sheet) == (here.tree, here.sheet)
        told = [(f.code, f.severity, f.sheet, f.cell, f.value, dict(f.values)) for f in here.findings]
        assert [(f.code, f.severity, f.sheet, f.cell, f.value, dict(f.values)) for f in apart.findings] == told


# --- What is shown ---------------------------------------------------------------------------------------------------


def test_names_are_data(desk: Desk) -> None:
    desk.upload(COUNTED)
    assert "<b>B</b>" in desk.text
    assert "<b>B" not in desk.html


def some_findings(n: int) -> list[Finding]:
    return [
        Finding(code, severity, "Ark1", f"B{row}", "x", {"read_as": "x"})
        for row in range(2, n + 2)
        for code, severity in (("cell.blanks", Severity.REPAIRED), ("cell.date", Severity.ERROR))
    ]


def test_of_many_findings_the_gravest_are_shown_and_of_alike_ones_the_first(web: Flask) -> None:
    with web.test_request_context(headers={"Accept-Language": "en"}):
        doctor = examine(some_findings(60), None)
    errors, repaired = doctor.groups
    assert [(group.severity, group.n) for group in doctor.groups] == [("error", 60), ("repaired", 60)]
    [kind] = errors.kinds
    assert (len(kind.first), len(kind.more)) == (MAX_ALIKE, 60 - MAX_ALIKE)
    assert sum(len(kind.first) + len(kind.more) for kind in repaired.kinds) == MAX_SHOWN - 60
    assert doctor.n_hidden == 20


def n_shown(branch: Branch) -> int:
    return len(branch.children) + sum(map(n_shown, branch.children))


@pytest.mark.parametrize("shape", [(1_000, 1), (40, 40), (10, 300)])
def test_large_tree_is_cut_and_says_how_much_is_left_out(web: Flask, shape: tuple[int, int]) -> None:
    large = UnitTree.from_rows([((f"A{a}", f"B{b}"), None) for a in range(shape[0]) for b in range(shape[1])])
    with web.test_request_context():
        root = examine([], large).branches
    assert root is not None
    assert n_shown(root) <= MAX_BRANCHES
    assert len(root.children) <= MAX_CHILDREN
    assert len(root.children) + root.n_more == shape[0]


def test_choices_can_be_tried_one_level_at_a_time_and_change_nothing(web: Flask, desk: Desk) -> None:
    desk.upload(COUNTED)
    before = tree(web, desk)
    address = desk.path
    desk.send("#try", button={"go": "show"}, level_1="1")
    assert (desk.status, desk.path) == (200, address)
    options = [option.get_text(strip=True) for option in desk.page.select("#level_2 option")]
    assert options == ["Choose …", "A1", "A2", "A3", "ingen"]
    part = BeautifulSoup(desk.partial(address, {"go": "show", "level_1": "1"}), "html.parser")
    assert part.select_one("#level_2") is not None
    assert part.select_one("#unit-list") is None
    assert tree(web, desk) == before


def test_single_name_is_one_report_for_all(desk: Desk) -> None:
    desk.upload(by_xlsxwriter([["Nivå1"], ["Prøvetilsynet"]]))
    assert "There is no unit to choose." in desk.text
    desk.get(desk.at())
    assert desk.status == 200


def test_forecast_needs_head_counts_and_says_so(desk: Desk) -> None:
    desk.upload(PLAIN)
    assert "Add a column with the heading Antall" in desk.text
    assert desk.fetch("unit-list/forecast").status_code == 303


def test_forecast_says_which_units_get_what_and_which_could_be_merged(desk: Desk) -> None:
    desk.upload(COUNTED)
    table = desk.page.select_one("table")
    assert table is not None
    assert "50%" in table.get_text()
    desk.get(desk.at("unit-list/forecast"))
    rows = {row.th.get_text(): row.get_text(" ", strip=True) for row in desk.page.select("tbody tr") if row.th}
    assert "means and distributions" in rows["A › A1"]
    assert "no report" in rows["A › A2"]
    assert "A › ingen" not in rows
    assert "“A2”, “A3” below “A” have 11 employees together" in desk.text


# --- Rehearsal -------------------------------------------------------------------------------------------------------


def test_rehearsal_is_a_zip_of_reports_that_leaves_nothing_behind(
    web: Flask, desk: Desk, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("rehearsal")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    desk.upload(COUNTED)
    desk.get(desk.at("rehearsal"))
    assert "figures are invented" in desk.text
    data = {"csrf_token": desk.token, "report_language": "nb"}
    answer = desk.client.post(desk.at("rehearsal"), data=data)
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="must-eksempelrapporter.zip"'
    names = ZipFile(BytesIO(answer.data)).namelist()
    assert [name for name in names if name.endswith(".pdf")]
    assert not [name for name in names if name.startswith("en/")]
    assert list(folder.glob("must-*")) == []


def test_one_rehearsal_at_a_time(desk: Desk) -> None:
    desk.upload(COUNTED)
    desk.get(desk.at("rehearsal"))
    with rehearsal._busy:
        desk.send("main form")
    assert (desk.status, "Please try again in a minute." in desk.text) == (503, True)


def test_too_small_for_any_report_is_said(desk: Desk) -> None:
    desk.upload(by_xlsxwriter([["Nivå1", "Antall"], ["A", 1], ["B", 1]]))
    desk.get(desk.at("rehearsal"))
    desk.send("main form")
    assert (desk.status, "No unit would get a report" in desk.text) == (422, True)
    desk.send("main form")
    assert desk.status == 422, "the next one is let in"


def test_sent_order_can_still_be_rehearsed_but_its_list_is_closed(web: Flask, desk: Desk) -> None:
    with web.app_context():
        desk.order_id = order_in(State.SUBMITTED)
    assert desk.fetch("rehearsal").status_code == 200
    assert desk.fetch("unit-list").status_code == 404


def test_server_answers_others_while_a_list_is_read(web: Flask, desk: Desk) -> None:
    """The reading takes no lock and no transaction."""
    desk.get(desk.at("unit-list"))
    large = by_xlsxwriter([["Nivå1", "Nivå2"], *([f"D{n // 100}", f"E{n}"] for n in range(5_000))])
    thread = Thread(target=lambda: desk.post_file(desk.at("unit-list"), large))
    thread.start()
    time.sleep(0.3)
    other = Desk(web).enter(STRANGER)
    other.begin_order()
    assert thread.is_alive(), "the list was read in no time: make it larger"
    thread.join()
