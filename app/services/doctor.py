"""What `flask doctor` looks at: each check says what it found, and never changes anything.

A check gives no finding when all is well. Nothing about a person is in a finding.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

import requests
from sqlalchemy import func, select, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.db.base import kind_of
from app.db.keys import SurveyKey
from app.db.orders import AuditLine, Mail
from app.db.surveys import Survey
from app.domain.errors import DomainError
from app.domain.survey import State
from app.services.closing import is_sweep_due
from app.services.compaction import MAY_WRITE_LOG_ANEW
from app.services.deletion import is_deletion_due
from app.services.schema import newest_revision, revision_of
from app.services.survey_keys import Purpose, opens

FAULTY_BYTES, LOW_BYTES = 200 * 1024**2, 2 * 1024**3
"""Free space on the disk."""
CLOCK_FAULT, CLOCK_SKEW = timedelta(minutes=2), timedelta(seconds=20)
LATE = timedelta(minutes=30)
"""How long a mail or a closing may be overdue before its job is thought to stand still."""
_TIMEOUT = (3.0, 8.0)


class Severity(Enum):
    FAULT = "fault"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Finding:
    severity: Severity
    code: str
    values: Mapping[str, object] = field(default_factory=dict)


def fault(code: str, **values: object) -> Finding:
    return Finding(Severity.FAULT, code, values)


def advice(code: str, **values: object) -> Finding:
    return Finding(Severity.ADVICE, code, values)


def check_database(name: str, engine: Engine, migrations: Path) -> Iterator[Finding]:
    """Whether it can be reached, and has the tables of this version."""
    try:
        found = revision_of(engine)
    except SQLAlchemyError as error:
        if kind_of(error) == "InsufficientPrivilege":
            yield fault("database.no_rights", name=name, user=engine.url.username or "")
            return
        code = "database.file" if engine.dialect.name == "sqlite" else "database.unreachable"
        values = {"name": name, "setting": f"MUST_{name.upper()}_URL", "file": engine.url.database}
        yield fault(code, kind=kind_of(error), **values)
        return
    if found is None:
        yield fault("database.empty", name=name)
    elif found != newest_revision(migrations):
        yield fault("database.behind", name=name, found=found, needed=newest_revision(migrations))


def check_separation(engines: Mapping[str, Engine], *, is_production: bool) -> Iterator[Finding]:
    """Three databases that are three, and keys that no backup of the others takes along."""
    places = Counter(str(engine.url) for engine in engines.values())
    if max(places.values()) > 1:
        yield fault("databases.same")
        return
    if not is_production:
        return
    keys, others = engines["keys"], (engines["answers"], engines["identities"])
    if any(_home(keys) == _home(other) for other in others):
        yield advice("keys.beside")
    if keys.dialect.name == "postgresql" and _setting(keys, "archive_mode") not in ("off", ""):
        yield fault("keys.archived")
    if keys.dialect.name == "postgresql" and not _forgets_log(keys):
        yield advice("keys.log_kept")


def _forgets_log(engine: Engine) -> bool:
    """Whether former files of the write-ahead log go when keys are destroyed; True when it cannot be asked."""
    try:
        with engine.connect() as connection:
            return bool(connection.scalar(text(MAY_WRITE_LOG_ANEW))) and _setting(engine, "wal_recycle") == "off"
    except SQLAlchemyError:
        return True


def check_role(engine: Engine) -> Iterator[Finding]:
    """The web's role should own nothing; commands may run as the owner, so this is advice."""
    if engine.dialect.name != "postgresql":
        return
    try:
        with engine.connect() as connection:
            is_super = connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
    except SQLAlchemyError:
        return
    if is_super:
        yield advice("role.superuser", user=engine.url.username or "")


def check_key_opens(session: Session, installation_key: bytes) -> Iterator[Finding]:
    """Whether the surveys' keys open with the installation's key; one of them tells it for all."""
    kept = session.scalars(select(SurveyKey).limit(1)).first()
    if kept is not None and not opens(installation_key, kept):
        yield fault("keys.do_not_open")


def check_keys_are_there(session: Session) -> Iterator[Finding]:
    """Every survey that is open has its keys: otherwise another database of keys was put in its place."""
    with_keys = set(session.scalars(select(SurveyKey.survey_id).where(SurveyKey.purpose == Purpose.IDENTITY.value)))
    running = (State.OPEN.value, State.CLOSED.value, State.REPORTED.value)
    surveys = session.scalars(select(Survey.id).where(Survey.state.in_(running), Survey.access_at.is_not(None)))
    missing = [survey_id for survey_id in surveys if survey_id not in with_keys]
    if missing:
        yield fault("keys.missing", n=len(missing), first=missing[0][:8])


def check_clock(session: Session, now: datetime) -> Iterator[Finding]:
    """Against what has happened already, and against the database server's own clock."""
    latest = session.scalar(select(func.max(AuditLine.at)))
    if latest is not None and latest - now > CLOCK_FAULT:
        yield fault("clock.behind", latest=latest)
    if session.get_bind(Survey).dialect.name == "postgresql":
        theirs = session.scalar(text("SELECT clock_timestamp()"), bind_arguments={"mapper": Survey})
        yield from compare_clocks(now, theirs, "the database server") if isinstance(theirs, datetime) else ()


def compare_clocks(now: datetime, theirs: datetime, whose: str) -> Iterator[Finding]:
    apart = abs(now - theirs)
    if apart > CLOCK_SKEW:
        make = fault if apart > CLOCK_FAULT else advice
        yield make("clock.differs", seconds=round(apart.total_seconds()), whose=whose)


def check_disk(folder: Path) -> Iterator[Finding]:
    try:
        probe = folder / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        yield fault("disk.not_writable", folder=folder, kind=type(error).__name__)
    free = shutil.disk_usage(folder).free
    if free < LOW_BYTES:
        make = fault if free < FAULTY_BYTES else advice
        yield make("disk.full", folder=folder, megabytes=free // 1024**2)


def check_private(paths: Iterable[Path]) -> Iterator[Finding]:
    """Files and folders that only their owner may read."""
    for path in paths:
        if path.exists() and path.stat().st_mode & 0o077:
            yield fault("file.open_to_others", path=path)


def check_jobs(session: Session, now: datetime) -> Iterator[Finding]:
    """Whether what the clock asks for is being done."""
    is_overdue = (Mail.sent_at.is_(None), Mail.failed_at.is_(None), Mail.due_at < now - LATE)
    n_waiting = session.scalar(select(func.count()).select_from(Mail).where(*is_overdue))
    if n_waiting:
        yield fault("mail.stands_still", n=n_waiting)
    n_given_up = session.scalar(select(func.count()).select_from(Mail).where(Mail.failed_at.is_not(None)))
    if n_given_up:
        yield advice("mail.given_up", n=n_given_up)
    late = [survey for survey in session.scalars(select(Survey)) if _is_overdue(session, survey, now - LATE)]
    if late:
        yield fault("maintenance.stands_still", n=len(late), first=late[0].id[:8])


def check_address(name: str, address: str, now: datetime) -> Iterator[Finding]:
    """Whether somebody answers there; a clock far from theirs is noticed on the way."""
    try:
        answer = requests.get(address, timeout=_TIMEOUT, allow_redirects=False)
    except requests.RequestException as error:
        yield fault("address.unreachable", name=name, address=address, kind=type(error).__name__)
        return
    if answer.status_code >= 500:
        yield fault("address.unreachable", name=name, address=address, kind=answer.status_code)
    yield from _told_time(answer.headers.get("Date", ""), now, name)


def check_that(code: str, attempt: Callable[[], object], **values: object) -> Iterator[Finding]:
    """A fault when `attempt` raises; of its words only what we wrote ourselves is repeated."""
    try:
        attempt()
    except DomainError as error:
        yield fault(code, kind=error.values.get("reason", error.code), **values)
    except Exception as error:  # whatever it is, it is what was looked for
        words = str(error) if type(error).__module__.startswith("app.") else ""
        yield fault(code, kind=" ".join(filter(None, (type(error).__name__, words))), **values)


def _told_time(date: str, now: datetime, whose: str) -> Iterator[Finding]:
    try:
        theirs = datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return
    yield from compare_clocks(now, theirs, whose)


def _is_overdue(session: Session, survey: Survey, at: datetime) -> bool:
    return is_deletion_due(survey, at) or (survey.swept_at is None and is_sweep_due(session, survey, at))


def _home(engine: Engine) -> str:
    """The server of a database, or the folder of its file."""
    if engine.dialect.name == "sqlite":
        return str(Path(engine.url.database or "").parent.resolve())
    return f"{engine.url.host or engine.url.query.get('host')}:{engine.url.port or 5432}"


def _setting(engine: Engine, name: str) -> str:
    try:
        with engine.connect() as connection:
            return str(connection.scalar(text("SELECT current_setting(:name)"), {"name": name}))
    except SQLAlchemyError:
        return ""
