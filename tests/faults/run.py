"""kill -9 under load, again and again; then everything acknowledged is looked for. Run: make faults."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa

from tests.faults.checker import Findings, check
from tests.faults.clients import Crowd
from tests.load.populating import ENVIRON, populate
from tests.load.serving import Server, all_processes, parent_of

DATABASES = ("answers", "identities", "keys")
N_BEFORE_A_KILL = 20
"""Saves that have to be acknowledged first: the load is there again."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was done and found."""

    rounds: list[str]
    n_people: int
    n_acknowledged: int
    n_unanswered: int
    n_errors: int
    findings: Findings


class Postgres:
    """A server of our own that keeps what it commits, for killing."""

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
        import pgserver

        self._folder = folder
        self._server: Any = pgserver.get_server(folder, cleanup_mode="stop")  # type: ignore[attr-defined]
        engine = sa.create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for name in DATABASES:
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                if connection.exec_driver_sql(f"SHOW {setting}").scalar_one() != "on":
                    raise RuntimeError(f"{setting} is off")
        engine.dispose()

    @property
    def environ(self) -> dict[str, str]:
        return {f"MUST_{name.upper()}_URL": self._url(name) for name in DATABASES}

    def kill(self) -> None:
        """The server and all its processes, at once."""
        postmaster = int((self._folder / "postmaster.pid").read_text().split()[0])
        for pid in [postmaster, *(pid for pid in all_processes() if parent_of(pid) == postmaster)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while parent_of(postmaster) is not None:
            time.sleep(0.02)

    def start(self) -> None:
        for lock in (*self._folder.glob("postmaster.pid"), *self._folder.glob(".s.PGSQL.*")):
            lock.unlink()  # in a container nobody may bury the killed process, whose number then seems to be in use
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        self._server.cleanup()

    def _url(self, database: str) -> str:
        uri: str = self._server.get_uri()
        return uri.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/{database}?")


def hurt(folder: Path, n_rounds: int, at_once: int, random: Random, postgres: Postgres | None = None) -> Result:
    """Load, kill, start again; after the last kill nobody tries again, so some requests stay without an answer."""
    folder.mkdir(exist_ok=True)
    environ = {**ENVIRON, **(postgres.environ if postgres else {})}
    survey = populate(folder, 20, 0, environ)
    server = Server(folder, environ)
    crowd, lines = Crowd(server.port, survey.address, survey.setup), []
    ways: list[tuple[str, Callable[[], None], Callable[[], None]]] = [("web server", server.kill, server.start)]
    if postgres:
        ways.insert(0, ("PostgreSQL", postgres.kill, postgres.start))
    with ExitStack() as stack:
        stack.callback(server.stop)
        server.start()
        crowd.start(at_once, random)
        stack.callback(crowd.stop)
        for number in range(n_rounds):
            name, kill, start = ways[number % len(ways)]
            before = crowd.n_acknowledged
            crowd.wait_for(before + N_BEFORE_A_KILL)
            time.sleep(random.uniform(0.3, 1.5))
            kill()
            lines.append(f"{number + 1:5}  {name:12}{crowd.n_acknowledged - before:17}")
            if number < n_rounds - 1:
                start()
        server.kill()
        crowd.stop()
    if postgres:
        postgres.kill()
        postgres.start()
    counts = len(crowd.ledgers), crowd.n_acknowledged, crowd.n_unanswered, crowd.n_errors
    return Result(lines, *counts, check(survey.app, survey.setup, crowd.ledgers))


def show(title: str, result: Result) -> None:
    print(f"{title}\nround  killed     acknowledged since")
    print("\n".join(result.rounds))
    findings = result.findings
    print(
        f"{result.n_people} people, {result.n_acknowledged} saves acknowledged; {result.n_unanswered} attempts without "
        f"an answer, {result.n_errors} answered 5xx"
    )
    print(f"{findings.n_responses} responses stored, {findings.n_compared} values compared")
    print(f"lost {len(findings.lost)}, duplicated {len(findings.duplicated)}, corrupted {len(findings.corrupted)}\n")
    for line in (*findings.lost, *findings.duplicated, *findings.corrupted):
        print(f"  {line}")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        postgres = Postgres(Path(folder) / "postgres") if arguments.database == "postgresql" else None
        if postgres:
            stack.callback(postgres.stop)
        random = Random(arguments.seed)
        result = hurt(Path(folder) / "instance", arguments.rounds, arguments.at_once, random, postgres)
    show(f"kill -9 under load, {arguments.at_once} respondents at a time, {arguments.database}", result)
    return 0 if result.findings.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
