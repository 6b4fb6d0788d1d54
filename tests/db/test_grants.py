"""The least rights in PostgreSQL: what each role may do, and what the web may not."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError, ProgrammingError

from app.adapters.sealing import keyed_hash
from app.db.grants import COMMANDS, DATABASES, GRANTS, WEB, grants_sql
from app.db.keys import Tombstones
from app.db.surveys import Survey
from app.extensions import db, key_ring, session
from app.services import answering
from app.services.register import Consent
from app.services.survey_keys import Purpose
from app.services.tombstones import list_tombstones
from tests.conftest import dispose
from tests.people import YES, Trial, open_trial
from tests.roles import Installation, grant

RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, postgres: sa.Engine) -> Iterator[Installation]:
    made = Installation(tmp_path_factory.mktemp("roles"), postgres)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def survey_id(installation: Installation) -> str:
    """A survey of 600 invited, so of three buckets, in which somebody said yes."""
    with installation.owner.app_context():
        trial: Trial = open_trial(n_invited=600)
        trial.consent(1, YES)
        assert trial.survey.n_register_buckets == 3
        found = trial.survey.id
        session().close()
    return found


def locator(installation: Installation, survey_id: str, number: int) -> str:
    with installation.owner.app_context():
        key = key_ring().get(session(), survey_id, Purpose.REGISTER)
        session().close()
    return keyed_hash(key, f"locator:{survey_id}:{number}".encode()).hex()


@pytest.mark.parametrize("name", DATABASES)
def test_every_table_has_its_rights_and_no_other(installation: Installation, name: str) -> None:
    """A new table cannot be forgotten: without a line in GRANTS there is no SQL."""
    with installation.engines[WEB][name].connect() as connection:
        tables = set(sa.inspect(connection).get_table_names())
        assert tables == {*DATABASES[name].tables, "alembic_version"}
        for table in tables:
            for role, wanted in zip((WEB, COMMANDS), GRANTS[table], strict=True):
                query = sa.text("SELECT has_table_privilege(:role, :table, :right)")
                held = {
                    right
                    for right in RIGHTS
                    if connection.scalar(query, {"role": role, "table": table, "right": right})
                }
                assert held == set(wanted), (table, role)


def test_rights_are_known_for_tables_that_exist_only() -> None:
    assert set(GRANTS) == {"alembic_version"}.union(*(metadata.tables for metadata in DATABASES.values()))
    assert all("SELECT" in rights for pair in GRANTS.values() for rights in pair)


def test_table_without_a_line_stops_the_sql(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(GRANTS, "response")  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="response"):
        grants_sql("answers")


def test_command_prints_what_is_to_be_run(app: Flask) -> None:
    for name in DATABASES:
        result = app.test_cli_runner().invoke(args=["database", "grants", name])
        assert (result.exit_code, result.output) == (0, grants_sql(name))


def test_granting_again_changes_nothing_and_takes_back_what_is_too_much(installation: Installation) -> None:
    with installation.owner.app_context():
        engine = sa.create_engine(installation.urls["answers"])
    with engine.begin() as connection:
        connection.exec_driver_sql(f"GRANT ALL ON audit_line TO {WEB}")
    grant(engine, "answers")
    with engine.connect() as connection:
        query = sa.text("SELECT has_table_privilege(:role, 'audit_line', 'DELETE')")
        assert connection.scalar(query, {"role": WEB}) is False
    engine.dispose()


DENIED = {
    "answers": (
        "DROP TABLE response",
        "ALTER TABLE response ADD COLUMN who text",
        "TRUNCATE response",
        "CREATE TABLE mine (x int)",
        "CREATE TEMPORARY TABLE mine (x int)",
        "UPDATE audit_line SET name = ''",
        "DELETE FROM audit_line",
        "UPDATE organisation SET name = ''",
        "INSERT INTO staff_member VALUES ('\\x00', 'Me')",
        "DELETE FROM survey",
        "DROP TRIGGER audit_line_is_append_only ON audit_line",
        "SELECT rewrite_table('response')",
        "UPDATE alembic_version SET version_num = '0001'",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SET ROLE must_commands",
    ),
    "identities": (
        "DROP TABLE register_bucket",
        "TRUNCATE register_bucket",
        "ALTER TABLE register_bucket DISABLE ROW LEVEL SECURITY",
        "DROP POLICY one_bucket ON register_bucket",
        "CREATE POLICY mine ON register_bucket USING (true)",
        "SET SESSION AUTHORIZATION must_commands",
    ),
    "keys": ("DROP TABLE survey_key", "DELETE FROM survey_key", "UPDATE survey_key SET wrapped = ''"),
}


@pytest.mark.parametrize(
    ("name", "statement"), [(name, statement) for name, all_of in DENIED.items() for statement in all_of]
)
def test_web_may_not(installation: Installation, name: str, statement: str) -> None:
    with installation.engines[WEB][name].connect() as connection, pytest.raises(ProgrammingError) as caught:
        connection.exec_driver_sql(statement)
    assert caught.value.orig is not None
    assert caught.value.orig.sqlstate == "42501", caught.value  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "statement", ["DROP TABLE response", "ALTER TABLE response ADD COLUMN who text", "DELETE FROM audit_line"]
)
def test_commands_may_not(installation: Installation, statement: str) -> None:
    with (
        installation.engines[COMMANDS]["answers"].connect() as connection,
        pytest.raises(ProgrammingError, match=r"owner|denied"),
    ):
        connection.exec_driver_sql(statement)


def test_web_sees_one_bucket_and_only_with_its_locator(installation: Installation, survey_id: str) -> None:
    count = "SELECT count(*) FROM register_bucket"
    name = sa.text("SELECT set_config('must.locator', :locator, true)")
    with installation.engines[COMMANDS]["identities"].connect() as connection:
        assert connection.exec_driver_sql(count).scalar() == 3
    with installation.engines[WEB]["identities"].connect() as connection:
        assert connection.exec_driver_sql(count).scalar() == 0
        for guess in ("", "00", "ff" * 32):
            connection.execute(name, {"locator": guess})
            assert connection.exec_driver_sql(count).scalar() == 0
        for number in range(3):
            connection.execute(name, {"locator": locator(installation, survey_id, number)})
            assert connection.exec_driver_sql("SELECT number FROM register_bucket").scalars().all() == [number]
        connection.commit()
        assert connection.exec_driver_sql(count).scalar() == 0, "the next transaction has to ask anew"
        assert connection.exec_driver_sql("UPDATE register_bucket SET sealed = ''").rowcount == 0
        assert connection.exec_driver_sql("DELETE FROM register_bucket").rowcount == 0
        with connection.connection.cursor().copy("COPY register_bucket TO STDOUT") as out:  # type: ignore[attr-defined]
            assert b"".join(out) == b""


def test_web_cannot_let_a_bucket_be_seen_by_another_locator(installation: Installation, survey_id: str) -> None:
    with installation.engines[WEB]["identities"].connect() as connection:
        own = locator(installation, survey_id, 1)
        connection.execute(sa.text("SELECT set_config('must.locator', :locator, true)"), {"locator": own})
        with pytest.raises(ProgrammingError, match="row-level security"):
            connection.exec_driver_sql("UPDATE register_bucket SET locator = NULL")
    with installation.engines[WEB]["identities"].connect() as connection:
        connection.execute(sa.text("SELECT set_config('must.locator', 'ff', true)"))
        row = {"survey": survey_id, "locator": b"\xff"}
        statement = sa.text("INSERT INTO register_bucket VALUES (:survey, 1, '', :locator)")
        with pytest.raises(IntegrityError, match="pk_register_bucket"):
            connection.execute(statement, row)


def test_rewriting_leaves_no_former_row(installation: Installation) -> None:
    """What VACUUM FULL does for the owner, the commands get done by the owner's function."""
    with installation.owner.app_context():
        trial = open_trial()
        for serial in range(20):
            trial.answer(serial, submits=False)
        session().close()
    with installation.engines[COMMANDS]["answers"].connect() as connection:
        before = connection.exec_driver_sql("SELECT pg_relation_size('response')").scalar() or 0
        connection.exec_driver_sql("DELETE FROM response")
        connection.commit()
        connection.exec_driver_sql("SELECT rewrite_table('response')")
        connection.commit()
        after = connection.exec_driver_sql("SELECT pg_relation_size('response')").scalar()
    assert before > 0
    assert after == 0


def test_web_that_still_knows_the_key_from_before_closing_asks_anew(installation: Installation) -> None:
    with installation.owner.app_context():
        trial = open_trial()
        trial.consent(1, YES)
        survey_id = trial.survey.id
        session().close()

    def consent() -> Consent | None:
        trial = Trial(session().get_one(Survey, survey_id))
        return answering.get_consent(session(), key_ring(), trial.opened.setup, trial.person(1))

    with installation.web.app_context():
        assert consent() == YES
        session().close()
    with installation.commands.app_context():
        Trial(session().get_one(Survey, survey_id)).close()
        session().close()
    with installation.web.app_context():
        assert consent() == YES
        assert installation.web.extensions["key_ring"].has(session(), survey_id, Purpose.REGISTER) is False
        session().close()


def test_a_step_down_takes_the_web_its_buckets_and_up_again_gives_them_back(
    tmp_path: Path, postgres: sa.Engine
) -> None:
    installation = Installation(tmp_path, postgres)
    count = "SELECT count(*) FROM register_bucket"
    with installation.owner.app_context(), installation.engines[WEB]["identities"].connect() as web:
        open_trial()
        session().close()
        flask_migrate.downgrade(revision="0002")
        assert web.exec_driver_sql(count).scalar() == 0
        web.rollback()
        flask_migrate.upgrade()
        grant(db.engines["identities"], "identities")
        assert web.exec_driver_sql(count).scalar() == 1, "laid before there were locators: seen until it is written"
    installation.dispose()


def test_backup_by_who_does_not_see_every_row_is_refused(installation: Installation, tmp_path: Path) -> None:
    key = base64.b64encode(bytes(range(32))).decode()
    web = installation.app_of(WEB, MUST_BACKUP_KEY=key)
    with web.app_context():
        result = web.test_cli_runner().invoke(args=["backup", "create", "--out", str(tmp_path / "backups")])
        dispose()
    assert result.exit_code == 2
    assert "as the owner of the tables" in result.output
    assert not list((tmp_path / "backups").iterdir())


def test_each_role_may_remember_what_it_takes_away(installation: Installation) -> None:
    with installation.owner.app_context():
        survey_id = open_trial().survey.id
        session().close()
    with installation.web.app_context():
        trial = Trial(session().get_one(Survey, survey_id))
        trial.answer(1)
        trial.consent(1, YES)
        trial.delete(1)
        trial.consent(1, Consent(is_given=False, text_version="2026-1"))
        assert len(list_tombstones(session(), key_ring(), survey_id, Purpose.RESPONSE)) == 1
        session().close()
    with installation.commands.app_context():
        Trial(session().get_one(Survey, survey_id)).close()
        assert session().scalars(sa.select(Tombstones).where(Tombstones.survey_id == survey_id)).all() == []
        session().close()
