"""What was published stays as it is, what would reveal somebody is never published, and staff may publish less."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import delete, select, update

from app.adapters.sealing import seal
from app.adapters.spreadsheets import write_unit_list
from app.db.answers import PoolSum, ResponseRow, WithholdingRow
from app.db.surveys import Survey
from app.domain.disclosure import INCOMPLETE
from app.domain.errors import DomainError
from app.domain.identifiers import synthetic_identity_number
from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.responses import Response
from app.domain.results import Frozen
from app.domain.scoring import columns_of, complete_cases, theme_sums
from app.domain.units import UnitPath, UnitTree
from app.extensions import key_ring, session, settings
from app.services import answering
from app.services.releases import add_withholding, list_withholdings, prepare_release, select_reports
from app.services.report_basis import Basis, Pools, Submitted, load_submitted, store_basis
from app.services.survey_keys import Purpose
from app.services.surveys import OpenedSurvey, Setup, get_survey, opened
from tests.people import NO, YES

TREE = UnitTree.from_rows([(("A", "A1"), None), (("A", "A2"), None), (("B",), None)])
SIZES: dict[UnitPath, int] = {("A", "A1"): 11, ("A", "A2"): 6, ("A",): 3, ("B",): 12}
ITEMS = [item.id for theme in load_instrument(CURRENT_VERSION).chosen(()) for item in theme.items]
N = sum(SIZES.values())


class Desk:
    """A closed survey and the commands of staff."""

    def __init__(self, app: Flask, folder: Path) -> None:
        self.runner: FlaskCliRunner = app.test_cli_runner()
        self.folder = folder
        self.out = folder / "reports"
        (folder / "units.xlsx").write_bytes(write_unit_list(TREE))
        self.survey = self.run("demo", "create", "--units", str(folder / "units.xlsx")).split()[0]

    def run(self, *arguments: str, exit_code: int = 0) -> str:
        result = self.runner.invoke(args=list(arguments))
        assert result.exit_code == exit_code, result.output
        return str(result.output)

    def answer(self) -> None:
        random = Random(1)
        with (self.folder / "answers.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(["Nivå1", "Nivå2", *ITEMS])
            for path, n in SIZES.items():
                for _ in range(n):
                    answers = ["" if random.random() < 0.01 else random.randint(1, 2) for _ in ITEMS]
                    writer.writerow([*path, *[""] * (2 - len(path)), *answers])
        self.run("simulate-answers", self.survey, "--from", str(self.folder / "answers.csv"))

    def close(self) -> None:
        self.run("surveys", "close", self.survey)

    def build(self, exit_code: int = 0) -> str:
        return self.run(
            "build-reports", self.survey, "--out", str(self.out), "--workers", "1", "--lang", "en", exit_code=exit_code
        )

    def files(self) -> dict[str, bytes]:
        return {path.relative_to(self.out).as_posix(): path.read_bytes() for path in _files(self.out)}

    def audit(self) -> dict[UnitPath, dict[str, object]]:
        content = json.loads((self.out / "audit.json").read_text(encoding="utf-8"))
        return {tuple(report["unit"]): report for report in content["reports"]}

    @property
    def row(self) -> Survey:
        return get_survey(session(), self.survey)

    @property
    def opened(self) -> OpenedSurvey:
        return opened(self.row)

    @property
    def setup(self) -> Setup:
        return self.opened.setup


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def desk(app: Flask, tmp_path: Path) -> Desk:
    desk = Desk(app, tmp_path)
    desk.answer()
    return desk


@pytest.fixture
def built(desk: Desk) -> Desk:
    desk.close()
    desk.build()
    return desk


# -------------------------------------------------------------------------------------------------------------- frozen


def test_deleted_responses_change_no_published_byte(built: Desk) -> None:
    before = built.files()
    ids = session().scalars(select(ResponseRow.id).where(ResponseRow.survey_id == built.row.id)).all()
    session().execute(delete(ResponseRow).where(ResponseRow.id.in_(ids[:7])))
    session().commit()
    built.build()
    assert built.files() == before


def test_all_responses_may_go_and_the_figures_stay(built: Desk) -> None:
    before = built.files()
    session().execute(delete(ResponseRow))
    session().commit()
    built.build()
    assert built.files() == before


def response_in(*path: str) -> Response:
    """Somebody who chose the first category everywhere."""
    n_items = sum(len(theme.items) for theme in load_instrument(CURRENT_VERSION).themes)
    return Response(TREE.get(path).index, bytes([1] * n_items), bytes(16), is_submitted=True)


def test_late_changes_reach_no_figure(built: Desk) -> None:
    before = built.files()
    key = key_ring().get(session(), built.row.id, Purpose.CLOSED_DATA)
    other = response_in("B")
    for own in session().scalars(select(ResponseRow.id).where(ResponseRow.survey_id == built.row.id)).all():
        sealed = seal(key, other.to_bytes(), own)
        session().execute(update(ResponseRow).where(ResponseRow.id == own).values(sealed=sealed))
    session().commit()
    submitted = load_submitted(session(), key_ring(), built.setup)
    assert set(submitted.placements.tolist()) == {TREE.get(("B",)).index}
    built.build()
    assert built.files() == before


def test_late_response_reaches_no_figure(built: Desk) -> None:
    before = built.files()
    key = key_ring().get(session(), built.row.id, Purpose.CLOSED_DATA)
    own = bytes(32)
    sealed = seal(key, response_in("B").to_bytes(), own)
    session().add(ResponseRow(id=own, survey_id=built.row.id, is_submitted=True, sealed=sealed))
    session().commit()
    built.build()
    assert built.files() == before


def test_withdrawn_consents_change_no_published_byte(desk: Desk) -> None:
    people = range(1, 9)
    for serial in people:
        _consent(desk, serial, is_given=True)
    desk.close()
    desk.build()
    before = desk.files()
    for serial in people:
        _consent(desk, serial, is_given=False)
    desk.build()
    assert desk.files() == before


def _consent(desk: Desk, serial: int, *, is_given: bool) -> None:
    number, keys = synthetic_identity_number(serial), key_ring()
    public_key = settings().research_public_key
    respondent = answering.recognise(session(), keys, public_key, desk.setup, number=number, name="Kari")
    for _step in answering.give_consent(session(), keys, desk.setup, respondent, YES if is_given else NO):
        session().commit()


@pytest.mark.parametrize(
    "change",
    [
        {"units": [[["A"], None], [["B"], None]]},
        {"units": [[["A", "A1"], None], [["A", "A3"], None], [["B"], None]]},
        {"k_means": 6},
        {"k_distributions": 12},
        {"k_prevalence": 60},
        {"extra_themes": ["availability"]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_build_on_other_ground_is_refused(built: Desk, change: Mapping[str, object]) -> None:
    before = built.files()
    session().execute(update(Survey).where(Survey.id == built.row.id).values(**change))
    session().commit()
    with pytest.raises(DomainError, match=r"^basis\.changed"):
        prepare_release(session(), key_ring(), built.opened)
    assert "are not those that reports were first made with" in built.build(exit_code=2)
    assert built.files() == before


def test_first_build_freezes_and_a_refused_one_leaves_nothing(desk: Desk) -> None:
    desk.close()
    assert session().scalar(select(PoolSum).limit(1)) is None
    desk.run("build-reports", desk.survey, "--dry-run")
    assert session().scalar(select(PoolSum).limit(1)) is None
    desk.build()
    smallest = {row.tier: 0 for row in session().scalars(select(PoolSum))}
    assert smallest.keys() == {1, 2}
    for row in session().scalars(select(PoolSum)):
        assert row.n >= (5, 10)[row.tier - 1]


# ------------------------------------------------------------------------------------------------------------ the gate


def naive_basis(setup: Setup, submitted: Submitted) -> Basis:
    """Every unit counts whoever is directly in it, be they three: what disclosure control is there to prevent."""
    complete = complete_cases(setup.instrument, setup.themes, submitted.answers)
    first = np.where(complete, submitted.placements[:, None], INCOMPLETE)
    columns = columns_of(setup.instrument)
    sums = {
        theme.id: theme_sums(
            theme, submitted.answers[:, columns[theme.id]], first[:, i], first[:, i], len(setup.tree.units)
        )
        for i, theme in enumerate(setup.themes)
    }
    n_below = tuple(
        int(
            np.isin(
                submitted.placements, [u.index for u in setup.tree.units if u.path[: unit.level] == unit.path]
            ).sum()
        )
        for unit in setup.tree.units
    )
    pools = Pools(submitted.ids, tuple(sums), submitted.placements, first, first)
    return Basis(Frozen(setup.tree, n_below, n_below, sums), pools)


@pytest.fixture
def leaking(desk: Desk) -> Desk:
    """A closed survey whose stored basis is wrong."""
    desk.close()
    desk.run("surveys", "show", desk.survey)
    desk.run("build-reports", desk.survey, "--dry-run")  # does what closing destroys, stores nothing
    submitted = load_submitted(session(), key_ring(), desk.setup)
    store_basis(session(), key_ring(), desk.setup, naive_basis(desk.setup, submitted))
    session().commit()
    return desk


def test_wrong_basis_is_stopped_with_its_combination_named_and_nothing_published(leaking: Desk) -> None:
    output = leaking.build(exit_code=3)
    assert not leaking.out.exists()
    assert [path.name for path in leaking.folder.iterdir() if "report" in path.name] == []
    assert "Nothing is published" in output
    (line,) = [line for line in output.splitlines() if line.startswith("workload: ") and "(mean)" in line]
    # Three are directly in A: they are in the figures of A and of the organisation, and in none of A1 and A2.
    assert line.startswith("workload: 3 of at least 5 (mean); counted in |workload|mean, |workload|dist")
    assert "A|workload|mean" in line.partition("; not in ")[0]
    assert "A / A1|workload|mean" in line.partition("; not in ")[2]
    assert "A / A2|workload|mean" in line.partition("; not in ")[2]
    assert leaking.row.state == "closed"


def test_refused_build_leaves_an_earlier_set_as_it_is(leaking: Desk) -> None:
    leaking.out.mkdir()
    (leaking.out / "manifest.json").write_text("{}", encoding="utf-8")
    leaking.build(exit_code=3)
    assert leaking.files() == {"manifest.json": b"{}"}


@pytest.mark.parametrize("arguments", [("--dry-run",), ("--unit", "B")])
def test_no_way_of_building_passes_the_gate_by(leaking: Desk, arguments: tuple[str, ...]) -> None:
    leaking.run("build-reports", leaking.survey, "--out", str(leaking.out), *arguments, exit_code=3)
    assert not leaking.out.exists()


def test_audit_and_review_are_stopped_as_well(leaking: Desk) -> None:
    file = leaking.folder / "gate.json"
    leaking.run("audit-reports", leaking.survey, "--json", str(file), exit_code=3)
    leaking.run("review-withdrawals", leaking.survey, exit_code=3)
    assert not file.exists()


def test_withholding_goes_through_the_same_gate(leaking: Desk) -> None:
    """Withholding one of the figures that reveal is not enough; withholding all of them is."""
    add_withholding(session(), key_ring(), leaking.setup, ("B",), None, "too little")
    session().commit()
    leaking.build(exit_code=3)
    for theme in leaking.setup.themes:
        for path in ((), ("A",), ("A", "A2")):
            add_withholding(session(), key_ring(), leaking.setup, path, theme.id, "reveals")
    add_withholding(session(), key_ring(), leaking.setup, ("A", "A1"), None, "reveals")
    session().commit()
    release = prepare_release(session(), key_ring(), leaking.opened)
    assert release.certificate.is_valid


# --------------------------------------------------------------------------------------------------------- withholding


def withhold(desk: Desk, unit: str, *arguments: str, exit_code: int = 0) -> str:
    reason = ("--reason", "asked by the leader")
    return desk.run("review-withdrawals", desk.survey, "--withhold", unit, *reason, *arguments, exit_code=exit_code)


def test_withheld_report_leaves_the_next_set_and_no_other_figure_changes(built: Desk) -> None:
    before = built.audit()
    output = withhold(built, "A / A1")
    assert "Withheld by staff: A / A1, all: asked by the leader" in output
    built.build()
    after = built.audit()
    assert after.keys() == before.keys() - {("A", "A1")}
    assert all(after[path] == before[path] for path in after)
    assert not [name for name in built.files() if "A1" in name]


def test_withheld_theme_leaves_one_report_only(built: Desk) -> None:
    before = built.audit()
    withhold(built, "B", "--theme", "workload")
    built.build()
    after = built.audit()
    assert after["B",]["themes"] == {**before["B",]["themes"], "workload": {}}  # type: ignore[dict-item]
    assert {path: after[path] for path in after if path != ("B",)} == {
        path: before[path] for path in before if path != ("B",)
    }


def test_withholding_goes_one_way(built: Desk) -> None:
    """The same decision twice is one decision; there is no command and no service that takes one back."""
    withhold(built, "B", "--theme", "workload")
    withhold(built, "B", "--theme", "workload")
    withhold(built, "B")
    decisions = list_withholdings(session(), built.row.id)
    assert {(decision.unit, decision.theme_id) for decision in decisions} == {
        (TREE.get(("B",)).index, "workload"),
        (TREE.get(("B",)).index, None),
    }
    assert len(session().scalars(select(WithholdingRow)).all()) == 2
    built.build()
    assert ("B",) not in built.audit()


@pytest.mark.parametrize(
    ("unit", "arguments", "sentence"),
    [
        ("/", (), "The organisation's own report cannot be withheld"),
        ("C", (), "There is no unit C"),
        ("B", ("--theme", "nothing"), "There is no theme nothing"),
        ("B", ("--theme", "availability"), "There is no theme availability in this survey"),
    ],
)
def test_what_cannot_be_withheld_is_refused(built: Desk, unit: str, arguments: tuple[str, ...], sentence: str) -> None:
    assert sentence in withhold(built, unit, *arguments, exit_code=2)
    assert list_withholdings(session(), built.row.id) == []


def test_organisations_theme_may_be_withheld_and_units_then_compare_with_nothing(built: Desk) -> None:
    withhold(built, "/", "--theme", "workload")
    built.build()
    assert built.audit()[()]["themes"]["workload"] == {}  # type: ignore[index]
    built.run("verify-reports", str(built.out))


def test_withholding_needs_a_reason(built: Desk) -> None:
    built.run("review-withdrawals", built.survey, "--withhold", "B", exit_code=2)
    assert list_withholdings(session(), built.row.id) == []


def test_review_says_what_every_report_lacks(built: Desk) -> None:
    lines = built.run("review-withdrawals", built.survey).splitlines()
    rows = {line.split("  ")[-1]: line.split() for line in lines if line[:6].strip().isdigit()}
    assert [int(number) for number in rows["A"][:3]] == [17, 20, 3]
    assert [int(number) for number in rows["A / A2"][:3]] == [6, 6, 0]


def test_report_that_is_not_made_cannot_be_chosen(built: Desk) -> None:
    release = prepare_release(session(), key_ring(), built.opened)
    assert [report.unit.path for report in select_reports(release, ("B",))] == [("B",)]
    with pytest.raises(DomainError, match=r"^report\.none"):
        select_reports(release, ("C",))


def test_the_day_of_the_test_is_after_closing(built: Desk) -> None:
    assert built.row.closed_at is not None
    assert built.row.closed_at <= datetime.now(UTC)


def test_audit_file_can_still_be_written_when_a_response_is_gone(built: Desk) -> None:
    file = built.folder / "for-checkers.json"
    built.run("audit-reports", built.survey, "--json", str(file))
    assert file.stat().st_mode & 0o077 == 0
    before = json.loads(file.read_text(encoding="utf-8"))
    session().delete(session().scalars(select(ResponseRow)).first())
    session().commit()
    built.run("audit-reports", built.survey, "--json", str(file))
    after = json.loads(file.read_text(encoding="utf-8"))
    assert len(after["answered"]) == len(before["answered"])
    assert [len(figure["respondents"]) for figure in after["figures"]] == [
        len(figure["respondents"]) for figure in before["figures"]
    ], "the frozen figures stay"
    for figure in after["figures"]:
        for pseudonym in figure["respondents"]:
            assert set(figure["items"]) <= set(after["answered"][pseudonym])
