"""Who may do what in PostgreSQL: the least rights for the web and for the commands, as SQL (spec 8).

Three roles. The one that owns the tables migrates, backs up, restores, and does nothing else. `must_commands` closes,
makes reports, exports and deletes. `must_web` serves pages.

The register of identities is shown to the web one bucket at a time, and only to who names its locator: a keyed hash
that is made from the survey's key and stands nowhere but in the row. So a stolen password, a dump or an injected
statement yields no bucket at all. It does not stop who has taken over the web process itself, with its keys: that one
can ask for bucket after bucket. What is in them stays sealed to research even then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Integer, MetaData, Table

from app.db.base import AnswersBase, IdentitiesBase, KeysBase

WEB, COMMANDS = "must_web", "must_commands"
DATABASES: Mapping[str, MetaData] = {
    "answers": AnswersBase.metadata,
    "identities": IdentitiesBase.metadata,
    "keys": KeysBase.metadata,
}
LOCATOR = "must.locator"
"""The setting, of one transaction, that names the bucket that is asked for."""
S, I, U, D = "SELECT", "INSERT", "UPDATE", "DELETE"  # noqa: E741 - as database handbooks have them
Grants = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
GRANTS: Grants = {
    # table: what the web may, what the commands may
    "organisation": ((S,), (S, I, U)),
    "survey": ((S, I, U), (S, I, U)),
    "survey_order": ((S, I, U, D), (S, I, U)),
    "uploaded_list": ((S, I, U, D), (S, D)),
    "audit_line": ((S, I), (S, I)),
    "mail": ((S, I, D), (S, I, U, D)),
    "shown_count": ((S, I, U), (S,)),
    "staff_member": ((S,), (S, I, U, D)),
    "response": ((S, I, U, D), (S, I, U, D)),
    "report_basis": ((S, I), (S, I, U, D)),
    "pool_sum": ((S, I), (S, I, D)),
    "withholding": ((S, I, U), (S, I, U, D)),
    "register_bucket": ((S, I, U, D), (S, I, U, D)),
    "survey_key": ((S, I), (S, I, U, D)),
    "tombstones": ((S, I, U), (S, I, U, D)),
    "ended_login": ((S, I, D), (S, D)),
    "alembic_version": ((S,), (S,)),
}


def grants_sql(database: str) -> str:
    """Everything at once, to be run by the owner of the tables after each migration; may be repeated.

    KeyError for a table that `GRANTS` does not know.
    """
    return "\n".join(("BEGIN;", *_statements(DATABASES[database]), "COMMIT;", ""))


def _statements(metadata: MetaData) -> Iterator[str]:
    roles = f"{WEB}, {COMMANDS}"
    for role in (WEB, COMMANDS):
        yield (
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
            f"THEN CREATE ROLE {role} LOGIN; END IF; END $$;"
        )
    yield (
        "DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()); "
        f"EXECUTE format('GRANT CONNECT ON DATABASE %I TO {roles}', current_database()); END $$;"
    )
    yield "REVOKE ALL ON SCHEMA public FROM PUBLIC;"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {roles};"
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, {roles};"
    yield f"GRANT USAGE ON SCHEMA public TO {roles};"
    for name in (*metadata.tables, "alembic_version"):
        for role, rights in zip((WEB, COMMANDS), GRANTS[name], strict=True):
            yield f"GRANT {', '.join(rights)} ON {name} TO {role};"
    for table in metadata.tables.values():
        yield from (f"GRANT USAGE ON SEQUENCE {name} TO {roles};" for name in _sequences(table))
    yield from _rewriting()
    if "register_bucket" in metadata.tables:
        yield from _one_bucket()


def _sequences(table: Table) -> Iterator[str]:
    """Of columns that PostgreSQL numbers by itself."""
    own = table.autoincrement_column
    if own is not None and isinstance(own.type, Integer):
        yield f"{table.name}_{own.name}_seq"


def _rewriting() -> Iterator[str]:
    """Writing a table anew takes its owner; closing and deletion have to, so that no former row leaves a trace."""
    yield (
        "CREATE OR REPLACE FUNCTION rewrite_table(name text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER "
        "SET search_path = pg_catalog AS $$ BEGIN EXECUTE format('CLUSTER public.%I USING %I', name, 'pk_' || name); "
        "END $$;"
    )
    yield (  # takes a superuser; without it `flask doctor` says what is missing
        "DO $$ BEGIN GRANT EXECUTE ON FUNCTION pg_switch_wal() TO "
        f"{COMMANDS}; GRANT pg_checkpoint TO {COMMANDS}; "
        "EXCEPTION WHEN insufficient_privilege THEN NULL; END $$;"
    )
    yield "REVOKE ALL ON FUNCTION rewrite_table(text) FROM PUBLIC;"
    yield f"GRANT EXECUTE ON FUNCTION rewrite_table(text) TO {COMMANDS};"


def _one_bucket() -> Iterator[str]:
    """A bucket without a locator is one that was laid before there were any, and has not been written since."""
    asked = f"locator IS NULL OR locator = decode(current_setting('{LOCATOR}', true), 'hex')"
    named = f"locator = decode(current_setting('{LOCATOR}', true), 'hex')"
    yield "ALTER TABLE register_bucket ENABLE ROW LEVEL SECURITY;"
    for policy in ("one_bucket", "all_buckets"):
        yield f"DROP POLICY IF EXISTS {policy} ON register_bucket;"
    yield f"CREATE POLICY one_bucket ON register_bucket TO {WEB} USING ({asked}) WITH CHECK ({named});"
    yield f"CREATE POLICY all_buckets ON register_bucket TO {COMMANDS} USING (true) WITH CHECK (true);"
