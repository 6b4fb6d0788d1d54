"""Drills: a backup is restored while its keys live, and says nothing once they are destroyed; keys are changed."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.adapters.sealing import new_key, unseal
from app.db.answers import ResponseRow
from app.db.keys import SurveyKey, Tombstones
from app.db.orders import AuditLine
from app.db.surveys import Survey
from app.domain.errors import DomainError
from app.domain.fiction import CONTACT, PEOPLE, STAFF
from app.domain.identifiers import synthetic_identity_number
from app.extensions import db, key_ring, session, settings
from app.services import answering, backup
from app.services.audit import THE_CLOCK, Event, record
from app.services.deletion import DELETION
from app.services.register import Consent
from app.services.releases import list_withholdings
from app.services.staff import add_staff, find_staff, list_staff
from app.services.survey_keys import INSTALLATION, KeyRing, Purpose
from app.services.tombstones import list_tombstones
from tests.conftest import dispose, postgres_app, sqlite_app
from tests.people import NO, YES, Trial, open_trial, start_writing


def run(app: Flask, *args: str | Path) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=[str(arg) for arg in args])
    return result.exit_code, result.output


def back_up(app: Flask, folder: Path) -> Path:
    session().commit()
    code, output = run(app, "backup", "create", "--out", folder)
    assert code == 0, output
    return Path(output.split(":")[0])


def fill(trial: Trial) -> None:
    """Answers of three people, one of whom has not submitted; two decisions on research; a line in the trail."""
    trial.answer(1, ("A", "A1"), {"workload_1": 4})
    trial.answer(2, ("B",), {"workload_1": 2})
    trial.answer(3, ("B",), {"workload_1": 5}, submits=False)
    trial.consent(1, YES)
    trial.consent(2, NO)
    record(session(), trial.survey.id, THE_CLOCK, Event.APPROVED, datetime(2026, 10, 1, tzinfo=UTC))
    session().commit()


class Spare:
    """Another installation with the same settings and the live database of keys, and nothing in the other two."""

    def __init__(self, make: Callable[[], Flask]) -> None:
        self._make = make

    def beside(self, app: Flask) -> Flask:
        old, empty = app.config["SETTINGS"], self._make().config["SETTINGS"]
        return create_app(replace(old, answers_url=empty.answers_url, identities_url=empty.identities_url))


@pytest.fixture
def spare(any_app: Flask, request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Spare:
    if db.engine.dialect.name == "sqlite":
        return Spare(lambda: sqlite_app(tmp_path, migrated))
    return Spare(lambda: postgres_app(tmp_path, request.getfixturevalue("postgres")))


def test_backup_restored_while_answering_lets_everybody_go_on(any_app: Flask, spare: Spare, tmp_path: Path) -> None:
    trial = open_trial()
    fill(trial)
    survey_id = trial.survey.id
    file = back_up(any_app, tmp_path / "backups")
    fresh = spare.beside(any_app)
    with fresh.app_context():
        code, output = run(fresh, "backup", "restore", file)
        assert code == 0, output
        assert f"{survey_id[:8]}  readable" in output
        again = Trial(session().get_one(Survey, survey_id))
        response = answering.find_response(session(), key_ring(), again.opened.setup, again.person(1))
        assert response is not None
        assert response.is_submitted
        consents = [answering.get_consent(session(), key_ring(), again.opened.setup, again.person(i)) for i in (1, 2)]
        assert consents == [YES, NO]
        again.answer(3, ("B",), {"workload_1": 1})
        again.answer(4)
        assert answering.count_submitted(session(), survey_id) == 4
        record(session(), survey_id, THE_CLOCK, Event.CLOSED, again.now)
        session().commit()
        lines = session().scalars(sa.select(AuditLine).order_by(AuditLine.id)).all()
        assert [line.event for line in lines][-2:] == ["approved", "closed"]
        again.close()
        assert answering.count_submitted(session(), survey_id) == 4
        dispose()


def restore_later(app: Flask, spare: Spare, folder: Path, destroy: Callable[[Trial], None]) -> None:
    trial = open_trial()
    fill(trial)
    survey_id, who = trial.survey.id, trial.person(1)
    file = back_up(app, folder)
    destroy(trial)
    session().commit()
    fresh = spare.beside(app)
    with fresh.app_context():
        code, output = run(fresh, "backup", "restore", file)
        assert code == 0, output
        assert "not readable" in output
        setup = Trial(session().get_one(Survey, survey_id)).opened.setup
        with pytest.raises(DomainError, match=r"key\.destroyed"):
            answering.find_response(session(), key_ring(), setup, who)
        left = [purpose for purpose in Purpose if key_ring().has(session(), survey_id, purpose)]
        for key in (key_ring().get(session(), survey_id, purpose) for purpose in left):
            for number, sealed in enumerate(buckets_in(file)):
                with pytest.raises(DomainError, match=r"sealed\.broken"):
                    unseal(key, sealed, f"{survey_id}:{number}".encode())
        dispose()


def buckets_in(file: Path) -> list[bytes]:
    key = settings().operation.backup_key
    assert key is not None
    with file.open("rb") as stream:
        frames = [frame for frame in backup._frames(stream, key) if frame.get("table") == "register_bucket"]
    return [base64.b64decode(row["sealed"]["bytes"]) for frame in frames for row in frame["rows"]]


def test_backup_from_the_answering_period_is_unreadable_after_closing(
    any_app: Flask, spare: Spare, tmp_path: Path
) -> None:
    restore_later(any_app, spare, tmp_path / "backups", lambda trial: trial.close())


def test_survey_that_has_closed_since_is_closed_again_and_says_so(any_app: Flask, spare: Spare, tmp_path: Path) -> None:
    """Its link, to who answered and who did not; and no report is made of the nothing that is left."""
    trial = open_trial()
    trial.survey.access_at = datetime.now(UTC) - timedelta(days=3)
    session().commit()
    fill_at_once(trial)
    survey_id, code, file = trial.survey.id, trial.survey.code, back_up(any_app, tmp_path / "backups")
    trial.now -= timedelta(days=1)
    trial.close()
    fresh = spare.beside(any_app)
    with fresh.app_context():
        code_, output = run(fresh, "backup", "restore", file)
        assert code_ == 0, output
        assert "Closed again: 1 surveys." in output
        assert session().get_one(Survey, survey_id).state == "closed"
        assert "has been destroyed" in run(fresh, "build-reports", survey_id)[1]
        dispose()
    for serial in (1, 9):
        browser = fresh.test_client()
        page = browser.get(f"/s/{code}/login")
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
        assert token is not None
        data = {"csrf_token": token[1], "number": synthetic_identity_number(serial)}
        assert browser.post(f"/s/{code}/login", data=data).status_code == 303
        found = {name: browser.get(f"/s/{code}/{name}") for name in ("continue", "unit", "your-data", "withdraw")}
        assert [answer.status_code for answer in found.values()] == [410, 410, 410, 200]
    with fresh.app_context():
        dispose()


def fill_at_once(trial: Trial) -> None:
    trial.now = datetime.now(UTC)
    trial.answer(1)
    trial.consent(1, YES)


def delete(trial: Trial) -> None:
    trial.close()
    for step in DELETION:
        start_writing()
        step(session(), key_ring(), trial.survey, trial.now)
        session().commit()


def test_every_backup_is_unreadable_after_deletion(any_app: Flask, spare: Spare, tmp_path: Path) -> None:
    restore_later(any_app, spare, tmp_path / "backups", delete)


def test_what_a_backup_brings_back_after_deletion_is_deleted_again(app: Flask, migrated: Path, tmp_path: Path) -> None:
    trial = open_trial()
    fill(trial)
    trial.survey.access_at = datetime(2026, 1, 1, tzinfo=UTC)
    file = back_up(app, tmp_path / "backups")
    assert run(app, "maintenance", "run")[0] == 0
    survey_id = trial.survey.id
    fresh = Spare(lambda: sqlite_app(tmp_path, migrated)).beside(app)
    with fresh.app_context():
        assert run(fresh, "backup", "restore", file)[0] == 0
        assert answering.count_submitted(session(), survey_id) == 2
        assert run(fresh, "maintenance", "run")[0] == 0
        session().expire_all()
        assert answering.count_submitted(session(), survey_id) == 0
        assert session().get_one(Survey, survey_id).state == "deleted"
        dispose()


def consents(trial: Trial, serials: Iterable[int]) -> list[Consent | None]:
    return [
        answering.get_consent(session(), key_ring(), trial.opened.setup, trial.person(serial)) for serial in serials
    ]


def has_response(trial: Trial, serial: int) -> bool:
    return answering.find_response(session(), key_ring(), trial.opened.setup, trial.person(serial)) is not None


def test_deleted_responses_and_withdrawn_consents_stay_away(any_app: Flask, spare: Spare, tmp_path: Path) -> None:
    """Also of who began again, or said yes again, before the backup or after it; and in every later restoration."""
    trial = open_trial()
    for serial in range(1, 7):
        trial.answer(serial)
        trial.consent(serial, YES)
    trial.delete(5)
    trial.answer(5, answers={"workload_1": 2})
    trial.consent(5, NO)
    trial.consent(5, YES)
    survey_id, file = trial.survey.id, back_up(any_app, tmp_path / "backups")
    trial.delete(1)
    trial.consent(2, NO)
    trial.delete(3)
    trial.answer(3, answers={"workload_1": 1})
    trial.consent(4, NO)
    trial.consent(4, YES)
    for _ in range(2):
        fresh = spare.beside(any_app)
        with fresh.app_context():
            code, output = run(fresh, "backup", "restore", file)
            assert code == 0, output
            assert "2 deleted responses, 1 withdrawn consents, 0 former staff" in output
            again = Trial(session().get_one(Survey, survey_id))
            assert [serial for serial in range(1, 7) if has_response(again, serial)] == [2, 4, 5, 6]
            assert consents(again, range(1, 7)) == [YES, NO, YES, YES, YES, YES]
            assert again.survey.needs_compacting
            assert answering.count_submitted(session(), survey_id) == 4
            dispose()


def test_what_was_taken_away_after_closing_stays_away(any_app: Flask, spare: Spare, tmp_path: Path) -> None:
    trial = open_trial()
    for serial in range(1, 4):
        trial.answer(serial)
        trial.consent(serial, YES)
    trial.close()
    name, number = PEOPLE[STAFF]
    for who, digits in ((name, number), *PEOPLE[:1]):
        add_staff(session(), settings().installation_key, digits, who)
    survey_id, file = trial.survey.id, back_up(any_app, tmp_path / "backups")
    trial.consent(1, NO)
    session().rollback()
    assert run(any_app, "staff", "remove", name)[0] == 0
    assert run(any_app, "review-withdrawals", survey_id, "--withhold", "A / A1", "--reason", "too clear")[0] == 0
    assert run(any_app, "review-withdrawals", survey_id, *WITHHELD_THEME)[0] == 0
    fresh = spare.beside(any_app)
    with fresh.app_context():
        code, output = run(fresh, "backup", "restore", file)
        assert code == 0, output
        assert "0 deleted responses, 1 withdrawn consents, 1 former staff. Withheld again: 2 decisions." in output
        again = Trial(session().get_one(Survey, survey_id))
        assert consents(again, (1, 2, 3)) == [None, YES, YES]
        assert list_staff(session()) == [PEOPLE[0][0]]
        tree = again.opened.setup.tree
        decided = {(one.unit, one.theme_id) for one in list_withholdings(session(), survey_id)}
        assert decided == {(tree.get(("A", "A1")).index, None), (tree.get(("B",)).index, "workload")}
        session().rollback()
        assert "decided before a backup was restored" in run(fresh, "review-withdrawals", survey_id)[1]
        add_staff(session(), settings().installation_key, number, name)
        session().commit()
        assert key_ring().has(session(), INSTALLATION, Purpose.STAFF)
        assert list_tombstones(session(), key_ring(), INSTALLATION, Purpose.STAFF) == frozenset()
        dispose()


WITHHELD_THEME = ("--withhold", "B", "--theme", "workload", "--reason", "too clear")


def test_what_is_remembered_goes_with_the_keys(any_app: Flask) -> None:
    trial = open_trial()

    def remembered() -> set[str]:
        return set(session().scalars(sa.select(Tombstones.purpose)))

    for serial in (1, 2):
        trial.answer(serial)
        trial.consent(serial, YES)
    trial.delete(1)
    trial.consent(1, NO)
    assert remembered() == {"response", "register"}
    trial.close()
    assert remembered() == set()
    assert session().scalars(sa.select(ResponseRow.life)).all() == [None]
    trial.consent(2, NO)
    assert remembered() == {"closed_register"}
    delete(trial)
    assert remembered() == set()


def test_backup_is_not_restored_beside_keys_that_do_not_open_or_have_no_tables(
    any_app: Flask, spare: Spare, tmp_path: Path
) -> None:
    trial = open_trial()
    trial.answer(1)
    file = back_up(any_app, tmp_path / "backups")
    trial.delete(1)
    session().commit()
    fresh = spare.beside(any_app)
    wrong = create_app(replace(fresh.config["SETTINGS"], installation_key=new_key()))
    with wrong.app_context():
        code, output = run(wrong, "backup", "restore", file)
        assert code == 2
        assert "MUST_INSTALLATION_KEY is not the key in use" in output
        assert session().scalar(sa.select(sa.func.count()).select_from(Survey)) == 0
        session().rollback()
        with db.engines["keys"].begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0004'")
        code, output = run(wrong, "backup", "restore", file)
        assert code == 2
        assert "flask db upgrade" in output
        dispose()


def test_backup_holds_no_key_and_shows_nothing(app: Flask, tmp_path: Path) -> None:
    trial = open_trial()
    fill(trial)
    content = back_up(app, tmp_path / "backups").read_bytes()
    code, output = run(app, "backup", "show", next((tmp_path / "backups").iterdir()))
    assert code == 0
    tables = {line.split()[1] for line in output.splitlines()[1:]}
    assert "response" in tables
    assert "register_bucket" in tables
    assert "survey_key" not in tables
    for word in (trial.survey.id, trial.survey.code, "Prøvetilsynet"):
        assert word.encode() not in content
    for kept in session().scalars(sa.select(SurveyKey)):
        assert kept.wrapped not in content
    assert (tmp_path / "backups").stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / "backups").iterdir())


@pytest.mark.parametrize("damage", ["cut", "changed", "other key", "swapped", "nothing of ours", "length"])
def test_damaged_backup_is_refused_whole(app: Flask, migrated: Path, tmp_path: Path, damage: str) -> None:
    fill(open_trial())
    file = back_up(app, tmp_path / "backups")
    content = bytearray(file.read_bytes())
    fresh = Spare(lambda: sqlite_app(tmp_path, migrated)).beside(app)
    if damage == "cut":
        content = content[:-120]
    elif damage == "changed":
        content[len(content) // 2] ^= 1
    elif damage == "swapped":
        other = back_up(app, tmp_path / "others").read_bytes()
        content = content[:30] + other[30:]
    elif damage == "length":
        content[30:34] = b"\xff\xff\xff\xff"
    elif damage == "nothing of ours":
        content = bytearray(b"PK\x03\x04")
    else:
        operation = replace(fresh.config["SETTINGS"].operation, backup_key=new_key())
        fresh = create_app(replace(fresh.config["SETTINGS"], operation=operation))
    file.write_bytes(content)
    with fresh.app_context():
        code, output = run(fresh, "backup", "restore", file)
        assert code == 2
        assert "Traceback" not in output
        assert session().scalar(sa.select(sa.func.count()).select_from(Survey)) == 0
        dispose()


def test_restoring_over_something_is_refused(app: Flask, tmp_path: Path) -> None:
    fill(open_trial())
    file = back_up(app, tmp_path / "backups")
    code, output = run(app, "backup", "restore", file)
    assert code == 2
    assert "new and empty" in output


def test_certificates_come_along(app: Flask, migrated: Path, tmp_path: Path) -> None:
    folder = settings().instance / "certificates"
    folder.mkdir()
    (folder / "deletion-x.json").write_text('{"n": 1}', encoding="utf-8")
    file = back_up(app, tmp_path / "backups")
    (folder / "deletion-x.json").unlink()
    fresh = Spare(lambda: sqlite_app(tmp_path, migrated)).beside(app)
    with fresh.app_context():
        assert run(fresh, "backup", "restore", file)[0] == 0
        assert (folder / "deletion-x.json").read_text(encoding="utf-8") == '{"n": 1}'
        dispose()


def test_sqlite_moves_to_postgresql_with_its_answers(
    app: Flask, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    trial = open_trial()
    fill(trial)
    survey_id = trial.survey.id
    file = back_up(app, tmp_path / "backups")
    fresh = Spare(lambda: postgres_app(tmp_path, request.getfixturevalue("postgres"))).beside(app)
    with fresh.app_context():
        code, output = run(fresh, "backup", "restore", file)
        assert code == 0, output
        again = Trial(session().get_one(Survey, survey_id))
        again.answer(3, ("B",), {"workload_1": 1})
        assert answering.count_submitted(session(), survey_id) == 3
        dispose()


def test_backup_needs_no_database_of_keys(app: Flask, tmp_path: Path) -> None:
    fill(open_trial())
    away = create_app(replace(app.config["SETTINGS"], keys_url=f"sqlite:///{tmp_path / 'no' / 'keys.sqlite'}"))
    with away.app_context():
        back_up(away, tmp_path / "backups")
        dispose()


def test_without_a_backup_key_nothing_is_written(app: Flask, tmp_path: Path) -> None:
    own = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(own, operation=replace(own.operation, backup_key=None))
    code, output = run(app, "backup", "create", "--out", tmp_path / "backups")
    assert code == 2
    assert "MUST_BACKUP_KEY" in output
    assert not (tmp_path / "backups").exists()


def with_new_key(app: Flask, new: bytes | None) -> Flask:
    own = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(own, operation=replace(own.operation, new_installation_key=new))
    return app


def test_installation_key_is_changed_and_everything_goes_on(any_app: Flask) -> None:
    trial = open_trial()
    fill(trial)
    name, number = PEOPLE[STAFF]
    add_staff(session(), settings().installation_key, number, name)
    session().commit()
    survey_id, new = trial.survey.id, new_key()
    former = {kept.wrapped for kept in session().scalars(sa.select(SurveyKey))}
    code, output = run(with_new_key(any_app, new), "keys", "rotate")
    assert code == 0, output
    assert output.startswith("5 keys are wrapped anew")
    session().expire_all()
    assert not former & {kept.wrapped for kept in session().scalars(sa.select(SurveyKey))}
    with pytest.raises(DomainError, match=r"sealed\.broken"):
        key_ring().get(session(), survey_id, Purpose.DATA)
    session().rollback()
    fresh = create_app(replace(any_app.config["SETTINGS"], installation_key=new))
    with fresh.app_context():
        again = Trial(session().get_one(Survey, survey_id))
        assert answering.find_response(session(), key_ring(), again.opened.setup, again.person(1)) is not None
        assert find_staff(session(), new, number) == name
        assert find_staff(session(), new, PEOPLE[CONTACT][1]) is None
        again.answer(5)
        again.close()
        assert answering.count_submitted(session(), survey_id) == 3
        dispose()


def test_changing_the_key_twice_does_no_harm(any_app: Flask) -> None:
    open_trial()
    new = new_key()
    with_new_key(any_app, new)
    session().rollback()
    assert run(any_app, "keys", "rotate")[1].startswith("4 keys")
    assert run(any_app, "keys", "rotate")[1].startswith("0 keys")


def test_wrong_former_key_changes_nothing(any_app: Flask) -> None:
    open_trial()
    session().commit()
    wrong = create_app(replace(any_app.config["SETTINGS"], installation_key=new_key()))
    with wrong.app_context():
        before = {kept.wrapped for kept in session().scalars(sa.select(SurveyKey))}
        session().rollback()
        code, output = run(with_new_key(wrong, new_key()), "keys", "rotate")
        assert code == 1
        assert "Nothing was changed" in output
        assert {kept.wrapped for kept in session().scalars(sa.select(SurveyKey))} == before
        dispose()


def test_without_a_new_key_nothing_is_rotated(app: Flask) -> None:
    code, output = run(app, "keys", "rotate")
    assert code == 2
    assert "MUST_NEW_INSTALLATION_KEY" in output


def test_former_wrapping_leaves_no_trace_in_the_file(app: Flask) -> None:
    open_trial()
    session().commit()
    former = [kept.wrapped for kept in session().scalars(sa.select(SurveyKey))]
    session().rollback()
    run(with_new_key(app, new_key()), "keys", "rotate")
    dispose()
    files = [path for path in settings().instance.iterdir() if path.name.startswith("keys.sqlite")]
    assert files
    assert not [wrapped for wrapped in former for path in files if wrapped in path.read_bytes()]


def test_process_with_the_former_key_makes_no_key_beside_the_new_ones(app: Flask) -> None:
    """Jobs that were not stopped while the key was changed."""
    trial = open_trial()
    former = KeyRing(bytes(range(32)))
    with pytest.raises(DomainError, match=r"keys\.do_not_open"):
        former.make(session(), trial.survey.id, Purpose.CLOSED_DATA)
    assert not key_ring().has(session(), trial.survey.id, Purpose.CLOSED_DATA)


def test_folder_that_cannot_be_written_to_is_named(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, output = run(app, "backup", "create", "--out", tmp_path / "file" / "sub")
    assert code == 1
    assert "file/sub cannot be written to: Not a directory." in output
