"""The faults: each does its harm once, mends it, and returns."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.world import World

_N_REFUSED = 3
SECONDS_AWAY = 30


class NotFeltError(RuntimeError):
    """The fault changed nothing for anybody: the round shows nothing."""


def kill_web_server(world: World) -> None:
    """kill -9 of the web server and its processes; with several, of one."""
    server = world.random.choice(world.servers)
    server.kill()
    server.start()


def kill_database(world: World) -> None:
    assert world.postgres
    world.postgres.kill()
    world.postgres.start()


def full_disk(world: World) -> None:
    assert world.disk
    world.disk.fill()
    _until_refused(world)
    world.disk.free()


def read_only_disk(world: World) -> None:
    """As after a reboot with an error in the file system: everything is there, nothing can be written."""
    assert world.disk
    for server in world.servers:
        server.stop()
    world.disk.forbid_writing()
    for server in world.servers:
        server.start()
    _until_refused(world)
    for server in world.servers:
        server.stop()
    world.disk.allow_writing()
    for server in world.servers:
        server.start()


def database_away(world: World) -> None:
    """Gone for 30 seconds; the web server stays."""
    assert world.postgres
    world.postgres.kill()
    _until_refused(world)
    time.sleep(SECONDS_AWAY)
    world.postgres.start()


def database_frozen(world: World) -> None:
    """Silent for 30 seconds, then it goes on where it was."""
    assert world.postgres
    world.postgres.freeze()
    time.sleep(SECONDS_AWAY)
    world.postgres.thaw()


def clock_jumps(world: World) -> None:
    """Up to three hours either way, past the end of every login; back again."""
    for minutes in (world.random.randint(1, 29), -world.random.randint(1, 180), world.random.randint(31, 180), 0):
        world.clock.jump(minutes)
        _some_saves(world)


def migrations(world: World) -> None:
    """The newest step of the tables is taken back and made again, by the operator, at the worst moment."""
    world.flask("db", "downgrade")
    time.sleep(1)  # what is running needs the step: some saves are refused meanwhile, others may go on
    world.flask("db", "upgrade")
    _some_saves(world)


def reports_of_another_survey(world: World) -> None:
    """A survey is made, answered, closed, swept and reported in the same databases."""
    world.flask("demo", "create", "--invited", "60")
    other = world.flask("demo", "survey").strip()
    world.flask("demo", "answer", other, "--respondents", "40", "--url", f"http://127.0.0.1:{world.servers[0].port}")
    world.flask("surveys", "close", other)
    world.flask("build-reports", other, "--workers", "1", "--lang", "nb")


def close(world: World) -> None:
    """Closed for good while everybody is answering; then its reports are made."""
    world.flask("surveys", "close", world.survey.setup.id, "--end-grace")
    world.flask("build-reports", world.survey.setup.id, "--workers", "1", "--lang", "nb")


def _some_saves(world: World) -> None:
    world.crowd.wait_for(world.crowd.n_acknowledged + 10)


def _until_refused(world: World) -> None:
    before, deadline = world.crowd.n_errors, time.monotonic() + 60
    while world.crowd.n_errors < before + _N_REFUSED:
        if time.monotonic() > deadline:
            raise NotFeltError
        time.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Fault:
    """Where it can happen, and how."""

    name: str
    hurt: Callable[[World], None]
    n_rounds: int
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    needs_own_disk: bool = False
    n_servers: int = 1
    is_the_end: bool = False
    """Nothing can be saved afterwards."""


SQLITE, POSTGRES = ("sqlite",), ("postgresql",)
FAULTS = {
    fault.name: fault
    for fault in (
        Fault("web-server-killed", kill_web_server, 50),
        Fault("database-killed", kill_database, 100, POSTGRES),
        Fault("database-away", database_away, 3, POSTGRES),
        Fault("database-frozen", database_frozen, 3, POSTGRES),
        Fault("disk-full", full_disk, 10, SQLITE, needs_own_disk=True),
        Fault("disk-read-only", read_only_disk, 5, SQLITE, needs_own_disk=True),
        Fault("clock-jumping", clock_jumps, 10),
        Fault("two-instances", kill_web_server, 20, POSTGRES, n_servers=2),
        Fault("migrations", migrations, 5),
        Fault("reports-of-another", reports_of_another_survey, 3),
        Fault("closing", close, 1, is_the_end=True),
    )
}
