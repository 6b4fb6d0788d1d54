"""What research gets: the responses of who consents, and identities only research can open."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from flask import Flask

from app.adapters.sealing import open_for_research
from app.domain.errors import DomainError
from app.extensions import key_ring, session, settings
from app.services.register import read_for_research, remove_person
from app.services.research_export import Exported, export_research
from app.services.survey_keys import Purpose
from tests.people import NO, YES, Trial, open_trial


@pytest.fixture
def trial(app: Flask) -> Trial:
    """Three say yes, two say no, one says nothing, and one who said yes never submits."""
    trial = open_trial()
    for serial, consent in ((1, YES), (2, NO), (3, YES), (4, YES), (5, NO), (7, YES)):
        trial.consent(serial, consent)
    for serial in range(1, 7):
        trial.answer(serial, ("A", "A1"), {"workload_1": serial % 5 + 1, "workload_2": 0})
    trial.answer(7, submits=False)
    return trial


def private_key() -> bytes:
    return (settings().instance / "keys" / "research-private-key").read_bytes()


def export(trial: Trial, out: Path) -> Exported:
    return export_research(session(), key_ring(), trial.opened.setup, private_key(), ("nb", "en"), out)


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_only_consented_responses_are_handed_over(trial: Trial, tmp_path: Path) -> None:
    trial.close()
    out = tmp_path / "research"
    assert export(trial, out) == Exported(n_responses=3, n_consents=4)
    rows = rows_of(out / "responses.csv")
    assert sorted(row["workload_1"] for row in rows) == ["2", "4", "5"]
    assert {(row["Nivå1"], row["Nivå2"], row["workload_2"], row["workload_3"]) for row in rows} == {
        ("A", "A1", "0", "")
    }


def test_parquet_and_csv_say_the_same(trial: Trial, tmp_path: Path) -> None:
    trial.close()
    export(trial, tmp_path / "research")
    table = pq.read_table(tmp_path / "research" / "responses.parquet").to_pylist()
    rows = [{name: "" if value is None else str(value) for name, value in row.items()} for row in table]
    assert rows == rows_of(tmp_path / "research" / "responses.csv")


def test_identities_lie_apart_and_open_with_the_research_key_only(trial: Trial, tmp_path: Path) -> None:
    trial.close()
    out = tmp_path / "research"
    export(trial, out)
    found = {}
    for row in rows_of(out / "identities.sealed.csv"):
        assert row["consent_text_version"] == "2026-1"
        plain = open_for_research(private_key(), bytes.fromhex(row["sealed"]), trial.survey.id.encode())
        link, _, name = read_for_research(plain)
        found[link.hex()] = name
    assert set(found.values()) == {"Person 1", "Person 3", "Person 4", "Person 7"}
    assert {row["link"] for row in rows_of(out / "responses.csv")} < set(found)
    everything = b"".join(file.read_bytes() for file in out.iterdir())
    assert b"Person" not in everything


def test_who_withdraws_after_closing_is_absent(trial: Trial, tmp_path: Path) -> None:
    person = trial.person(1).person
    trial.close()
    key = key_ring().get(session(), trial.survey.id, Purpose.CLOSED_REGISTER)
    remove_person(session(), key, trial.survey.id, trial.survey.n_register_buckets, person)
    session().commit()
    assert export(trial, tmp_path / "research") == Exported(n_responses=2, n_consents=3)


def test_codebook_explains_every_value_in_both_languages(trial: Trial, tmp_path: Path) -> None:
    trial.close()
    export(trial, tmp_path / "research")
    for language in ("nb", "en"):
        rows = rows_of(tmp_path / "research" / f"codebook-{language}.csv")
        assert {row["item"] for row in rows} == {item.id for theme in trial.opened.setup.themes for item in theme.items}
        assert all(row["text"] and row["label"] for row in rows)


def test_wrong_key_exports_nothing(trial: Trial, tmp_path: Path) -> None:
    trial.close()
    with pytest.raises(DomainError, match=r"sealed\.broken"):
        export_research(session(), key_ring(), trial.opened.setup, bytes([7]) * 32, ("nb",), tmp_path / "research")
    assert not (tmp_path / "research").exists()


def test_command_refuses_a_folder_that_exists(trial: Trial, tmp_path: Path) -> None:
    trial.close()
    file = tmp_path / "key"
    file.write_bytes(private_key())
    runner = trial_runner(trial)
    out = tmp_path / "research"
    arguments = ["export-research", trial.survey.id, "--out", str(out), "--research-key", str(file)]
    assert "3 responses of 4 who consented" in runner(arguments, 0)
    assert "exists already" in runner(arguments, 2)
    file.write_bytes(b"short")
    assert "is not a key" in runner([*arguments[:3], str(tmp_path / "other"), *arguments[4:]], 2)


def trial_runner(trial: Trial):  # type: ignore[no-untyped-def]
    from flask import current_app

    def run(arguments: list[str], exit_code: int) -> str:
        result = current_app.test_cli_runner().invoke(args=arguments)
        assert result.exit_code == exit_code, result.output
        return str(result.output)

    return run
