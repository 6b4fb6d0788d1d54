"""What can be hurt: web servers, a PostgreSQL of their own, their disk, and the clock they read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa

from tests.faults.clients import Crowd
from tests.load.populating import ENVIRON, Populated, populate
from tests.load.serving import ROOT, Server, all_processes, parent_of

DATABASES = ("answers", "identities", "keys")
_IN_OWN_NAMESPACE = "MUST_FAULTS_OWN_NAMESPACE"
_NO_LIMITS = {"MUST_LIMIT_PER_PERSON": "0", "MUST_LIMIT_PER_LINK": "0"}
"""Nobody in the crowd waits a minute before trying again."""
_DISK_MB = 64
_OPEN_FOR = 180
"""Minutes that the survey has been open: the clock may go back so far."""


@dataclass(frozen=True, slots=True)
class World:
    """An installation under load. Every fault leaves it as it was: running, reachable, writable."""

    folder: Path
    environ: Mapping[str, str]
    survey: Populated
    servers: tuple[Server, ...]
    crowd: Crowd
    random: Random
    clock: Clock
    postgres: Postgres | None
    disk: Disk | None

    def flask(self, *command: str) -> str:
        """What a command of the product prints, run beside the servers; RuntimeError when it fails."""
        environ = {**os.environ, **self.environ, "MUST_INSTANCE": str(self.folder), "PYTHONPATH": str(ROOT)}
        flask = [sys.executable, "-m", "flask", "--app", "wsgi", *command]
        done = subprocess.run(flask, cwd=ROOT, env=environ, check=False, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"flask {' '.join(command)}: {done.stdout[-1000:]}{done.stderr[-3000:]}")
        return done.stdout


@contextmanager
def world(
    folder: Path, random: Random, *, at_once: int, on_postgres: bool, on_own_disk: bool = False, n_servers: int = 1
) -> Iterator[World]:
    """Start everything, and the load; at the end nobody tries again what has no answer yet."""
    folder.mkdir(parents=True, exist_ok=True)
    instance = folder / "instance"
    instance.mkdir()
    disk = Disk(instance) if on_own_disk else None
    postgres = Postgres(folder / "postgres") if on_postgres else None
    clock = Clock(folder / "clock")
    environ = {**ENVIRON, **_NO_LIMITS, **(postgres.environ if postgres else {})}
    survey = populate(instance, 20, 0, environ)
    servers = tuple(
        Server(instance, {**environ, **clock.environ}, log=folder / "server.log", target="tests.faults.served:app")
        for _ in range(n_servers)
    )
    crowd = Crowd([server.port for server in servers], survey.address, survey.setup)
    made = World(instance, environ, survey, servers, crowd, random, clock, postgres, disk)
    try:
        for server in servers:
            server.start()
        crowd.start(at_once, random)
        yield made
    finally:
        for server in servers:
            server.kill()
        crowd.stop()
        if postgres:
            postgres.stop()
        if disk:
            disk.close()


def end(world: World) -> None:
    """A last kill, after which nobody tries again: some requests stay without an answer."""
    for server in world.servers:
        server.kill()
    world.crowd.stop()
    if world.postgres:
        world.postgres.kill()
        world.postgres.start()


class Postgres:
    """A server of our own that keeps what it commits, for killing."""

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
        import pgserver

        self._folder = folder
        self._server: Any = pgserver.get_server(folder, cleanup_mode="stop")  # type: ignore[attr-defined]
        self._uri: str = self._server.get_uri()
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
        processes = self.processes()
        self._send(signal.SIGKILL, processes)
        while parent_of(processes[0]) is not None:
            time.sleep(0.02)

    def start(self) -> None:
        for lock in (*self._folder.glob("postmaster.pid"), *self._folder.glob(".s.PGSQL.*")):
            lock.unlink()  # in a container nobody may bury the killed process, whose number then seems to be in use
        with suppress(subprocess.TimeoutExpired):  # recovery may take longer than the library waits
            self._server.ensure_postgres_running()
        deadline = time.monotonic() + 120
        while not self._answers():
            if time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL does not come back")
            time.sleep(0.1)

    def freeze(self) -> None:
        """It answers nothing, and nothing fails: as a network that swallows everything."""
        self._send(signal.SIGSTOP, self.processes())

    def thaw(self) -> None:
        self._send(signal.SIGCONT, self.processes())

    def stop(self) -> None:
        self._server.cleanup()

    def _answers(self) -> bool:
        engine = sa.create_engine(self._url("postgres"), poolclass=sa.NullPool)
        try:
            engine.connect().close()
        except sa.exc.OperationalError:
            return False
        return True

    def processes(self) -> list[int]:
        """The postmaster first."""
        postmaster = int((self._folder / "postmaster.pid").read_text().split()[0])
        return [postmaster, *(pid for pid in all_processes() if parent_of(pid) == postmaster)]

    @staticmethod
    def _send(what: signal.Signals, processes: list[int]) -> None:
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, what)

    def _url(self, database: str) -> str:
        return self._uri.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/{database}?")


class Disk:
    """A small file system of its own over a folder. Needs `in_own_namespace`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ballast = folder / "ballast"
        self._mount("-t", "tmpfs", "-o", f"size={_DISK_MB}m", "tmpfs")

    def fill(self) -> None:
        """To the last byte."""
        with suppress(OSError), self._ballast.open("ab", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", str(self._folder)], check=True)

    def forbid_writing(self) -> None:
        """OSError while a file is open for writing: stop the servers first."""
        self._mount("-o", "remount,ro")

    def allow_writing(self) -> None:
        self._mount("-o", "remount,rw")

    def _mount(self, *arguments: str) -> None:
        subprocess.run(["mount", *arguments, str(self._folder)], check=True)


def in_own_namespace(module: str, arguments: list[str]) -> None:
    """Run the command once more where it may mount, seen by nobody else, unless it is there already."""
    if os.environ.get(_IN_OWN_NAMESPACE):
        return
    how = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--mount"]
    os.environ[_IN_OWN_NAMESPACE] = "1"
    os.execvp("unshare", ["unshare", *how, sys.executable, "-m", module, *arguments])  # noqa: S606 - no shell is the point


class Clock:
    """The wall clock as the web servers see it (served.py); what measures how long something takes runs on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.jump(0)

    @property
    def environ(self) -> dict[str, str]:
        return {"MUST_FAULTS_CLOCK": str(self._file)}

    def jump(self, minutes: int) -> None:
        """So far from the true time, at once."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str((_OPEN_FOR + minutes) * 60))
        fresh.replace(self._file)
