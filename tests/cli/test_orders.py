"""`flask orders`, `organisations`, `staff`, `mail`: what staff do on the shell."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from openpyxl import Workbook

from app.db.surveys import Survey
from app.domain.fiction import LEADER, PEOPLE
from app.domain.rights import Entity
from app.domain.survey import State
from app.extensions import session, settings
from app.services.staff import find_staff
from tests.web.desk import OURS, THEIRS, furnish, place_order


@pytest.fixture
def order_id(app: Flask) -> str:
    furnish(app)
    return place_order(State.SIGNED, datetime.now(UTC))


def run(app: Flask, *arguments: str, exit_code: int = 0, typed: str | None = None) -> str:
    result = app.test_cli_runner().invoke(args=list(arguments), input=typed)
    assert result.exit_code == exit_code, result.output
    return str(result.output)


def test_signed_order_is_listed_shown_and_approved(app: Flask, order_id: str) -> None:
    listed = run(app, "orders", "list")
    assert order_id[:8] in listed
    assert "(stops: 0, notes: 0)" in listed
    shown = run(app, "orders", "show", order_id[:8])
    assert "Prøvetilsynet (310000000)" in shown
    assert "note:" not in shown
    assert "sent" in shown
    output = run(app, "orders", "approve", order_id[:8], "--by", "Tuva", "--limit", "7")
    survey = session().get_one(Survey, order_id)
    assert f"/s/{survey.code}" in output
    assert (survey.state, survey.k_means, survey.k_distributions) == ("open", 7, 10)
    assert run(app, "orders", "list") == ""
    assert "open" in run(app, "orders", "list", "--all")
    assert "Tuva" in run(app, "orders", "show", order_id)
    assert "Not possible" in run(app, "orders", "approve", order_id, exit_code=2)


def test_order_that_a_rule_stops_needs_a_word_more(app: Flask, order_id: str) -> None:
    class Deleted:
        def find(self, number: str, now: datetime) -> Entity:
            return Entity(number, "x", is_deleted=True)

    app.extensions["entities"] = Deleted()
    assert "STOP: The organisation is deleted" in run(app, "orders", "show", order_id)
    assert "--despite-remarks" in run(app, "orders", "approve", order_id, exit_code=2)
    run(app, "orders", "approve", order_id, "--despite-remarks")


def test_order_is_sent_back_with_a_reason(app: Flask, order_id: str) -> None:
    assert "Rejected" in run(app, "orders", "reject", order_id, "--reason", "Feil periode.")
    shown = run(app, "orders", "show", order_id)
    assert "rejected         Feil periode." in shown
    assert "Missing option" in run(app, "orders", "reject", order_id, exit_code=2)
    assert "no order" in run(app, "orders", "reject", "zzz", "--reason", "x", exit_code=2)


def _csv(file: Path, rows: Sequence[Sequence[str]], delimiter: str = ";") -> Path:
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(rows)
    return file


def test_list_of_organisations_is_replaced_by_csv_or_workbook(app: Flask, tmp_path: Path) -> None:
    rows = [("Navn", "Organisasjonsnummer"), ("Prøvetilsynet", "310 000 000"), (" Tilsynet for  tåke", THEIRS)]
    assert "2 organisations may order; 0" in run(app, "organisations", "import", str(_csv(tmp_path / "a.csv", rows)))
    assert run(app, "organisations", "list").splitlines() == [f"{OURS}  Prøvetilsynet", f"{THEIRS}  Tilsynet for tåke"]
    workbook = Workbook()
    assert workbook.active is not None
    for row in (("orgnr", "navn"), (int(OURS), "Prøvetilsynet med nytt navn"), (None, None)):
        workbook.active.append(row)
    workbook.save(tmp_path / "b.xlsx")
    assert "1 organisations may order; 1" in run(app, "organisations", "import", str(tmp_path / "b.xlsx"))
    assert run(app, "organisations", "list") == f"{OURS}  Prøvetilsynet med nytt navn\n"
    assert "Register of entities: Prøvetilsynet" in run(app, "organisations", "show", OURS)
    assert "not on the list" in run(app, "organisations", "show", THEIRS, exit_code=2)
    assert "no organisation number" in run(app, "organisations", "show", "123456789", exit_code=2)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("navn", "orgnr"), ("A", OURS), ("B", "123456789")], "Row 2: 123456789"),
        ([("navn", "orgnr"), ("", OURS)], "Row 1 has no name"),
        ([("navn", "orgnr")], "lists no organisation"),
        ([("hva", "hvem"), ("A", OURS)], "needs a heading"),
    ],
)
def test_bad_list_changes_nothing(app: Flask, tmp_path: Path, rows: Sequence[Sequence[str]], expected: str) -> None:
    furnish(app)
    before = run(app, "organisations", "list")
    assert expected in run(app, "organisations", "import", str(_csv(tmp_path / "a.csv", rows)), exit_code=2)
    assert run(app, "organisations", "list") == before


def test_file_that_is_no_list_is_refused(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"navn;orgnr\n\xff\xfe")
    (tmp_path / "b.xlsx").write_bytes(b"no workbook")
    assert "neither CSV" in run(app, "organisations", "import", str(tmp_path / "a.csv"), exit_code=2)
    assert "not an .xlsx workbook" in run(app, "organisations", "import", str(tmp_path / "b.xlsx"), exit_code=2)


def test_staff_are_known_by_a_hash_and_a_name(app: Flask) -> None:
    name, number = PEOPLE[LEADER]
    assert "is staff" in run(app, "staff", "add", name, typed=f"{number}\n")
    assert number not in run(app, "staff", "list")
    assert run(app, "staff", "list") == f"{name}\n"
    assert find_staff(session(), settings().installation_key, number) == name
    assert "called" in run(app, "staff", "add", name, "--number", PEOPLE[0][1], exit_code=2)
    assert "no national identity number" in run(app, "staff", "add", "X", "--number", "123", exit_code=2)
    run(app, "staff", "remove", name)
    assert run(app, "staff", "list") == ""
    assert "no Nobody" in run(app, "staff", "remove", "Nobody", exit_code=2).replace("There is", "")


def test_mail_goes_into_a_folder_unless_there_is_a_server(app: Flask, order_id: str) -> None:
    assert run(app, "mail", "send").startswith("3 sent")
    files = list((settings().instance / "mail").glob("*.eml"))
    assert len(files) == 3
    assert run(app, "mail", "list") == ""
    assert run(app, "mail", "list", "--all").count("sent") == 3
