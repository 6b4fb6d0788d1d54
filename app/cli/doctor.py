"""`flask doctor`: what is wrong with this installation, and how to mend it. Changes nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from limits.storage import storage_from_string
from sqlalchemy.engine import Engine

from app.adapters.smtp import Smtp, SmtpSettings
from app.cli.common import DATABASE_SENTENCES, FAILED, Command, broken_databases, now
from app.config import Login, Settings, read_settings
from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.survey import N_WEEKS_UNTIL_DELETION, oslo_day
from app.extensions import db, report_storage, session, settings
from app.services import doctor as checks
from app.services.doctor import Finding, Severity, advice, fault

Group = tuple[str, Iterator[Finding]]


def init_app(app: Flask) -> None:
    app.cli.add_command(doctor)


@click.command(cls=Command)
@click.option("--offline", is_flag=True, help="Ask nobody outside: no mail server, no ID-porten, no Altinn.")
@with_appcontext
def doctor(*, offline: bool) -> None:
    """Check settings, keys, databases, clock, disk, jobs, mail, ID-porten and Altinn; say how to mend what is wrong.

    Exit code 0 when there is no fault (advice may remain), else 1.
    """
    n_faults = 0
    for name, found in _examined(settings(), now(), offline=offline):
        findings = list(found)
        click.echo(f"{_verdict(findings):7}{name}")
        for finding in findings:
            click.echo(f"       {_SENTENCES[finding.code].format(**finding.values)}")
        n_faults += sum(finding.severity is Severity.FAULT for finding in findings)
    if n_faults:
        click.echo(f"Faults: {n_faults}.", err=True)
        sys.exit(FAILED)
    click.echo("No fault found.")


def _examined(own: Settings, at: datetime, *, offline: bool) -> Iterator[Group]:
    yield "settings", _settings(own, os.environ, at)
    yield "keys", _keys(own)
    yield "texts", _texts(own)
    yield "disk", _disk(own)
    broken = list(broken_databases())
    yield "databases", iter(broken)
    if not broken:
        yield "separation of the databases", _separation(own)
        yield "keys in the database", _stored_keys(own)
        yield "clock", checks.check_clock(session(), at)
        yield "jobs", checks.check_jobs(session(), at)
    yield "counting of requests", _limits(own)
    if not offline:
        yield "mail", _mail(own)
        yield "login", _login(own, at)
        yield "rights", _rights(own, at)
        yield "reports", _reports()


def _engines() -> dict[str, Engine]:
    return {name or "answers": engine for name, engine in db.engines.items()}


def _settings(own: Settings, environ: Mapping[str, str], at: datetime) -> Iterator[Finding]:
    yield from _unread(own, environ)
    if own.research_ends_on <= oslo_day(at) + timedelta(weeks=N_WEEKS_UNTIL_DELETION):
        yield fault("settings.research_ends", day=own.research_ends_on)
    if own.is_production:
        yield from _public(own)


def _unread(own: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """A variable that is set and that nothing asks for, with these settings."""
    asked = _Noting(environ)
    read_settings(asked, own.instance)
    for name in sorted(environ):
        if name.startswith("MUST_") and name not in asked.names | {"MUST_INSTANCE"}:
            yield advice("settings.unread", name=name)


def _public(own: Settings) -> Iterator[Finding]:
    url = urlsplit(own.public_url)
    if url.scheme != "https":
        yield fault("settings.not_https", url=own.public_url)
    if url.hostname in (None, "localhost", "127.0.0.1") or url.path:
        yield fault("settings.public_url", url=own.public_url)
    if not own.n_proxies:
        yield advice("settings.no_proxy")
    if own.contact_email.endswith("@example.org"):
        yield fault("settings.contact", email=own.contact_email)
    if own.outside.smtp is None:
        yield fault("settings.mail_folder", folder=own.outside.mail_folder)


def _keys(own: Settings) -> Iterator[Finding]:
    named = {
        "MUST_SECRET_KEY": own.secret_key,
        "MUST_INSTALLATION_KEY": own.installation_key,
        "MUST_RESEARCH_PUBLIC_KEY": own.research_public_key,
        "MUST_BACKUP_KEY": own.operation.backup_key or b"",
    }
    for name, key in named.items():
        if key and len(set(key)) < 16:
            yield fault("keys.simple", name=name)
        if key and key in [other for other_name, other in named.items() if other_name < name]:
            yield fault("keys.twice", name=name)
    folder = own.instance / "keys"
    if own.is_production and (folder / "research-private-key").exists():
        yield fault("keys.research_private", path=folder / "research-private-key")
    yield from checks.check_private(sorted(folder.glob("*")))


def _texts(own: Settings) -> Iterator[Finding]:
    if own.default_language not in load_instrument(CURRENT_VERSION).languages:
        yield fault("settings.language", language=own.default_language)
    for source in sorted(Path(current_app.config["BABEL_TRANSLATION_DIRECTORIES"]).glob("*/LC_MESSAGES/messages.po")):
        if not source.with_suffix(".mo").exists():
            yield fault("texts.not_compiled", language=source.parts[-3])


def _disk(own: Settings) -> Iterator[Finding]:
    yield from checks.check_disk(own.instance)
    if own.is_production:
        yield from checks.check_private((own.instance,))


def _separation(own: Settings) -> Iterator[Finding]:
    yield from checks.check_separation(_engines(), is_production=own.is_production)
    if own.is_production:
        yield from checks.check_role(_engines()["answers"])


def _stored_keys(own: Settings) -> Iterator[Finding]:
    yield from checks.check_key_opens(session(), own.installation_key)
    yield from checks.check_keys_are_there(session())


def _reports() -> Iterator[Finding]:
    storage = report_storage()
    yield from checks.check_that("reports.unreachable", storage.check, address=storage.address)


def _limits(own: Settings) -> Iterator[Finding]:
    url = own.operation.limits_url
    if not url.startswith("memory://"):
        yield from checks.check_that("limits.unreachable", lambda: _ask_store(url))


def _ask_store(url: str) -> None:
    if not storage_from_string(url).check():
        raise ConnectionError


def _mail(own: Settings) -> Iterator[Finding]:
    smtp = own.outside.smtp
    if smtp is not None:
        yield from checks.check_that("mail.unreachable", lambda: _greet(smtp), host=smtp.host, port=smtp.port)


def _greet(smtp: SmtpSettings) -> None:
    """Connect, encrypt and log in as for a mail, and send none."""
    with Smtp(smtp)._connection():
        pass


def _login(own: Settings, at: datetime) -> Iterator[Finding]:
    if own.login is not Login.ID_PORTEN or own.id_porten is None:
        return
    from app.adapters.id_porten import IdPorten

    provider, issuer = IdPorten(own.id_porten), own.id_porten.issuer
    answers = list(checks.check_address("ID-porten", f"{issuer.rstrip('/')}/.well-known/openid-configuration", at))
    yield from answers
    if not any(finding.code == "address.unreachable" for finding in answers):
        ask = {"return_to": own.public_url, "state": "", "now": at}
        yield from checks.check_that("login.metadata", lambda: provider.logout_address(**ask), issuer=issuer)  # type: ignore[arg-type]


def _rights(own: Settings, at: datetime) -> Iterator[Finding]:
    altinn = own.outside.altinn
    if altinn is None:
        if own.is_production and not own.outside.rights_file.exists():
            yield advice("rights.no_file", path=own.outside.rights_file)
        return
    issuer = altinn.issuer.rstrip("/")
    yield from checks.check_address("Maskinporten", f"{issuer}/.well-known/oauth-authorization-server", at)
    yield from checks.check_address("Altinn", altinn.url, at)


def _verdict(findings: list[Finding]) -> str:
    if any(finding.severity is Severity.FAULT for finding in findings):
        return "FAULT"
    return "advice" if findings else "ok"


class _Noting(Mapping[str, str]):
    """The environment, noting which names are asked for."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)


_SENTENCES = DATABASE_SENTENCES | {
    "settings.unread": "{name} is set, but nothing reads it: a typing error, or it belongs to a choice that was not "
    "made. Compare with the table of settings in README.md.",
    "settings.research_ends": "MUST_RESEARCH_ENDS_ON={day} comes before a survey that opens today is deleted. Set the "
    "day that the consent text may promise.",
    "settings.not_https": "MUST_PUBLIC_URL={url} is not https: cookies would travel in the clear. Put a proxy with TLS "
    "in front, and set its address.",
    "settings.public_url": "MUST_PUBLIC_URL={url} must be the address that people see: a host name, and no path.",
    "settings.no_proxy": "MUST_PROXIES=0: behind a proxy with TLS set it to 1, or addresses are made with http.",
    "settings.contact": "MUST_CONTACT_EMAIL={email} is nobody's. Employees read it: set your own.",
    "settings.mail_folder": "MUST_MAIL=folder: mails are only written into {folder}, and nobody receives them. Set "
    "MUST_MAIL=smtp and MUST_SMTP_HOST.",
    "settings.language": "MUST_LANGUAGE={language} is no language that the product speaks. Set nb, nn or en.",
    "texts.not_compiled": "The texts in {language} are not compiled: make translations/{language}/LC_MESSAGES/"
    "messages.mo",
    "keys.simple": "{name} is not random. Make a new one: openssl rand -base64 32 (for MUST_INSTALLATION_KEY of an "
    "installation in use: flask keys rotate).",
    "keys.twice": "{name} is the same key as another. Each needs its own: openssl rand -base64 32",
    "keys.research_private": "{path} holds the private half of the research key. It must be on no server: hand it to "
    "research, and delete it here.",
    "keys.do_not_open": "MUST_INSTALLATION_KEY is not the key that the surveys' keys were wrapped with. Put the former "
    "one back; without it no answer can be read. After flask keys rotate it is the new one.",
    "keys.missing": "{n} running surveys have no keys (first: {first}). The database of keys is not the one they were "
    "opened with: check MUST_KEYS_URL.",
    "keys.beside": "The database of keys lies beside the others, so that a backup of the whole machine takes it along. "
    "Give it a server or folder of its own that is never copied.",
    "keys.archived": "The server of the keys archives its write-ahead log: destroyed keys live on there. Set "
    "archive_mode = off, or move the database of keys to another server.",
    "keys.log_kept": "The write-ahead log of the server of the keys may hold destroyed keys for weeks. Set "
    "wal_recycle = off there, and as a superuser: GRANT EXECUTE ON FUNCTION pg_switch_wal() TO must_commands; "
    "GRANT pg_checkpoint TO must_commands;",
    "file.open_to_others": "{path} can be read by others on this machine: chmod go= {path}",
    "disk.not_writable": "{folder} cannot be written to ({kind}). Let it belong to the user that runs the product.",
    "disk.full": "Only {megabytes} MB are left on the disk of {folder}. Make room: when it is full no answer can be "
    "saved.",
    "databases.same": "Two of the three databases are one. Answers, identities and keys must be apart: set "
    "MUST_ANSWERS_URL, MUST_IDENTITIES_URL and MUST_KEYS_URL.",
    "role.superuser": "The database is used as {user}, a superuser. Let the web server use the role must_web "
    "(flask database grants).",
    "clock.behind": "The clock is behind: something happened already at {latest:%Y-%m-%d %H:%M} UTC. Surveys close and "
    "are deleted by it: switch on time synchronisation (timedatectl set-ntp true).",
    "clock.differs": "The clock differs by {seconds} s from that of {whose}. Switch on time synchronisation "
    "(timedatectl set-ntp true).",
    "mail.stands_still": "{n} mails have waited for more than half an hour. Run flask mail send every minute (timer or "
    "cron, see OPERATING.md), and see flask mail list.",
    "mail.given_up": "{n} mails were given up. See why: flask mail list; try again: flask mail retry",
    "maintenance.stands_still": "{n} surveys (first: {first}) wait to be closed or deleted. Run flask maintenance run "
    "every five minutes (timer or cron, see OPERATING.md), and see what it says.",
    "mail.unreachable": "The mail server {host}:{port} does not take our mail ({kind}). Check MUST_SMTP_HOST, "
    "MUST_SMTP_PORT, MUST_SMTP_SECURITY, user and password, and the way out through the firewall.",
    "limits.unreachable": "The store of MUST_LIMITS_URL does not answer ({kind}). Each process counts for itself "
    "meanwhile.",
    "address.unreachable": "{name} cannot be reached at {address} ({kind}). Check the address, the name server, and "
    "the way out through the firewall.",
    "login.metadata": "ID-porten answers, but not as {issuer} ({kind}). Set MUST_ID_PORTEN_ISSUER exactly as its "
    "metadata says.",
    "reports.unreachable": "The storage of reports, {address}, cannot be used ({kind}). Check MUST_REPORTS_URL, "
    "AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and the way out through the firewall.",
    "rights.no_file": "MUST_RIGHTS=local, and {path} is not there: nobody may order or sign.",
}
