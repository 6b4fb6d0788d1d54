"""Mail to a mail server, or to a folder where there is none."""

from __future__ import annotations

import os
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from enum import Enum
from pathlib import Path
from typing import Protocol

from app.domain.order import is_email

_OUR_FAULT = (530, 534, 535, 538)
"""Encryption or login demanded, login refused: the settings are wrong, not the mail."""
_ENHANCED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}")


class MailDelayed(Exception):  # noqa: N818 - what happened to the mail
    """Not accepted now; the same mail may be tried again later. Says why, without address and content."""


class MailRefused(Exception):  # noqa: N818
    """Will never be accepted as it is. Says why, without address and content."""


class Security(Enum):
    NONE = "none"
    """For a mail server on the same machine or a network of its own."""
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    host: str
    port: int
    security: Security
    sender: str
    """An address, alone or as `Name <address>`."""
    user: str = ""
    """Empty: no login."""
    password: str = field(default="", repr=False)
    timeout: float = 20
    """Seconds for each answer of the server."""

    def __post_init__(self) -> None:
        if self.user and self.security is Security.NONE:
            raise ValueError("a password is not sent without encryption")


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """A mail to one recipient. A second attempt has the same `message_id`, like `<x@example.org>`."""

    to: str
    subject: str
    text: str
    html: str
    language: str
    message_id: str
    written_at: datetime
    attachments: tuple[Attachment, ...] = ()


class Mailer(Protocol):
    def send(self, message: Message) -> None:
        """Return when the mail is accepted; MailDelayed or MailRefused otherwise."""


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server. Its certificate has to be valid for `host`."""

    settings: SmtpSettings

    def send(self, message: Message) -> None:
        mail = write_mail(message, self.settings.sender)
        sender = parseaddr(self.settings.sender)[1]
        with _failures_told_apart(), self._connection() as server:
            server.send_message(mail, sender, [message.to])

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        settings, context = self.settings, ssl.create_default_context()
        server: smtplib.SMTP
        if settings.security is Security.TLS:
            server = smtplib.SMTP_SSL(settings.host, settings.port, timeout=settings.timeout, context=context)
        else:
            server = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout)
        try:
            if settings.security is Security.STARTTLS:
                server.starttls(context=context)
            if settings.user:
                server.login(settings.user, settings.password)
            yield server
            with suppress(smtplib.SMTPException, OSError):  # what was accepted stays accepted
                server.quit()
        finally:
            server.close()


@dataclass(frozen=True, slots=True)
class MailFolder:
    """Writes every mail as a file that mail programs open; a second attempt replaces the first."""

    path: Path
    sender: str

    def send(self, message: Message) -> None:
        name = re.sub(r"[^A-Za-z0-9.@_-]", "", message.message_id)
        content = write_mail(message, self.sender).as_bytes()
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = self.path / f".{name}.{os.getpid()}"
            fresh.write_bytes(content)
            fresh.replace(self.path / f"{message.written_at:%Y%m%dT%H%M%S}-{name}.eml")
        except OSError as error:
            raise MailDelayed("folder") from error


def write_mail(message: Message, sender: str) -> EmailMessage:
    """The whole mail; MailRefused for an address that is none, or that not every mail server takes.

    ValueError for a line break in a header.
    """
    if not is_email(message.to):
        raise MailRefused("address")
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = message.to
    mail["Subject"] = message.subject
    mail["Date"] = message.written_at
    mail["Message-ID"] = message.message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    mail.add_alternative(message.html, subtype="html")
    for attachment in message.attachments:
        main, _, sub = attachment.media_type.partition("/")
        mail.add_attachment(attachment.content, maintype=main, subtype=sub, filename=attachment.name)
    mail["Content-Language"] = message.language  # set earlier, it would move into the first part
    return mail


@contextmanager
def _failures_told_apart() -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        (code, reply), *_ = error.recipients.values()
        raise _judged(code, reply) from None
    except smtplib.SMTPAuthenticationError as error:
        raise MailDelayed(_reason(error.smtp_code, error.smtp_error)) from None
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        raise _judged(error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPResponseException as error:  # the server's greeting, not its word on the mail
        raise MailDelayed(_reason(error.smtp_code, error.smtp_error)) from None
    except ssl.SSLCertVerificationError as error:
        raise MailDelayed("certificate") from error
    except (smtplib.SMTPException, OSError, UnicodeError) as error:  # the last: a host name that can be none
        raise MailDelayed(type(error).__name__) from None


def _judged(code: int, reply: bytes | str) -> MailDelayed | MailRefused:
    is_final = code >= 500 and code not in _OUR_FAULT
    return (MailRefused if is_final else MailDelayed)(_reason(code, reply))


def _reason(code: int, reply: bytes | str) -> str:
    """The codes of an answer. Its words may name the recipient."""
    found = _ENHANCED.search(reply if isinstance(reply, bytes) else reply.encode())
    return f"{code} {found[0].decode()}" if found else str(code)
