"""Mail to a real server on this machine: accepted once, tried again or given up, and never over an unsafe line."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from app.adapters.smtp import (
    Attachment,
    MailDelayed,
    MailFolder,
    MailRefused,
    Message,
    Security,
    Smtp,
    SmtpSettings,
)

SENDER = "Medarbeiderundersøkelsen <must@example.org>"
MESSAGE = Message(
    "kari@example.org",
    "Rapportene for Direktoratet for prøving er klare",
    "Hei på deg\n",
    "<p>Hei på deg</p>\n",
    "nb",
    "<1f2e@must.example.org>",
    datetime(2026, 10, 1, 7, tzinfo=UTC),
    (Attachment("avtale på norsk.pdf", "application/pdf", b"%PDF-1.7"),),
)


@dataclass
class Server:
    """Answers as told, the last answer for ever; keeps what it accepts."""

    on_recipient: list[str] = field(default_factory=lambda: ["250 OK"])
    on_data: list[str] = field(default_factory=lambda: ["250 OK"])
    accepted: list[bytes] = field(default_factory=list)
    hangs_up: bool = False
    port: int = 0

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._next(self.on_recipient)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.hangs_up:
            server.transport.close()
            return "250 never heard"
        answer = self._next(self.on_data)
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.accepted.append(envelope.content)
        return answer

    def _next(self, answers: list[str]) -> str:
        return answers.pop(0) if len(answers) > 1 else answers[0]


def mail_at(server: Server) -> EmailMessage:
    (content,) = server.accepted
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def answering_at(step: str, *answers: str) -> Server:
    return Server(on_recipient=list(answers)) if step == "recipient" else Server(on_data=list(answers))


@contextmanager
def running(server: Server, **options: Any) -> Iterator[Server]:
    controller = Controller(server, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    server.port = controller.port
    try:
        yield server
    finally:
        controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def mailer(port: int, security: Security = Security.NONE, host: str = "127.0.0.1", **more: Any) -> Smtp:
    return Smtp(SmtpSettings(host, port, security, SENDER, timeout=5, **more))


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate of 127.0.0.1."""

    file: Path
    context: ssl.SSLContext


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    file, key_file = folder / "certificate.pem", folder / "key.pem"
    file.write_bytes(made.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    return Certificate(file, context)


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """As if the machine's own list of authorities held the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    return certificate


# What arrives


def test_mail_arrives_whole() -> None:
    with running(Server()) as server:
        mailer(server.port).send(MESSAGE)
    mail = mail_at(server)
    assert mail["Subject"] == MESSAGE.subject
    assert mail["To"] == "kari@example.org"
    assert mail["From"] == SENDER
    assert mail["Message-ID"] == MESSAGE.message_id
    assert mail["Date"].datetime == MESSAGE.written_at
    assert mail["Content-Language"] == "nb"
    assert mail["Auto-Submitted"] == "auto-generated"
    text, html = (mail.get_body((form,)) for form in ("plain", "html"))
    assert text
    assert html
    assert text.get_content().splitlines() == MESSAGE.text.splitlines()
    assert html.get_content().splitlines() == MESSAGE.html.splitlines()
    (attachment,) = mail.iter_attachments()
    assert attachment.get_filename() == "avtale på norsk.pdf"
    assert attachment.get_content_type() == "application/pdf"
    assert attachment.get_content() == b"%PDF-1.7"


def test_lines_and_letters_fit_the_oldest_server() -> None:
    with running(Server()) as server:
        mailer(server.port).send(replace(MESSAGE, text="å" * 3_000 + "\n.\n..\n", html="<p>" + "ø " * 3_000))
    assert server.accepted[0].isascii()
    assert max(map(len, server.accepted[0].split(b"\r\n"))) <= 998
    text = mail_at(server).get_body(("plain",))
    assert text
    assert text.get_content().replace("\r\n", "\n") == "å" * 3_000 + "\n.\n..\n"


@pytest.mark.parametrize(
    "address",
    ["", "kari", "kari@", "kåre@example.org", "kari@prøving.no", "a@b.no, c@d.no", "a@b.no\r\nBcc: c@d.no", "<a@b.no>"],
)
def test_what_is_no_plain_address_is_refused_before_any_connection(address: str) -> None:
    with pytest.raises(MailRefused, match=r"^address$"):
        mailer(free_port()).send(replace(MESSAGE, to=address))


BROKEN = "<a@b>\r\nBcc: all@example.org"


@pytest.mark.parametrize(
    "message",
    [replace(MESSAGE, subject=BROKEN), replace(MESSAGE, message_id=BROKEN), replace(MESSAGE, language=BROKEN)],
    ids=["subject", "message_id", "language"],
)
def test_line_break_in_a_header_is_an_error(message: Message) -> None:
    with pytest.raises(ValueError, match="linefeed"):
        mailer(free_port()).send(message)


# What the server answers


@pytest.mark.parametrize("step", ["recipient", "data"])
def test_temporary_answer_delays_and_the_next_attempt_arrives(step: str) -> None:
    with running(answering_at(step, "451 4.7.1 Come back later, kari@example.org", "250 OK")) as server:
        with pytest.raises(MailDelayed) as delay:
            mailer(server.port).send(MESSAGE)
        assert server.accepted == []
        mailer(server.port).send(MESSAGE)
    assert len(server.accepted) == 1
    assert str(delay.value) == "451 4.7.1"


@pytest.mark.parametrize("step", ["recipient", "data"])
def test_final_answer_refuses_and_says_codes_but_no_address(step: str) -> None:
    answers = answering_at(step, "550 5.1.1 <kari@example.org>: unknown")
    with running(answers) as server, pytest.raises(MailRefused) as refusal:
        mailer(server.port).send(MESSAGE)
    assert str(refusal.value) == "550 5.1.1"
    assert refusal.value.__cause__ is None


def test_answer_without_an_enhanced_code_is_its_code() -> None:
    with running(Server(on_data=["554 no"])) as server, pytest.raises(MailRefused, match=r"^554$"):
        mailer(server.port).send(MESSAGE)


@pytest.mark.parametrize("answer", ["530 5.7.0 Must issue a STARTTLS command first", "535 5.7.8 no"])
def test_settings_that_the_server_does_not_take_delay_since_the_mail_is_not_at_fault(answer: str) -> None:
    with running(Server(on_recipient=[answer])) as server, pytest.raises(MailDelayed):
        mailer(server.port).send(MESSAGE)


def test_broken_connection_delays() -> None:
    with running(Server(hangs_up=True)) as server, pytest.raises(MailDelayed):
        mailer(server.port).send(MESSAGE)


def test_nobody_at_the_port_delays() -> None:
    with pytest.raises(MailDelayed, match="ConnectionRefused"):
        mailer(free_port()).send(MESSAGE)


@pytest.mark.parametrize("greeting", [[], [b"421 4.3.2 Closing down\r\n"], [b"554 5.7.1 Go away\r\n"], [b"?\r\n"]])
def test_greeting_that_is_no_welcome_delays(greeting: list[bytes]) -> None:
    with answering(*greeting) as port, pytest.raises(MailDelayed):
        mailer(port).send(MESSAGE)


def test_silence_delays_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(MailDelayed):
        Smtp(SmtpSettings("127.0.0.1", silent.getsockname()[1], Security.NONE, SENDER, timeout=0.2)).send(MESSAGE)


def test_server_that_breaks_off_after_accepting_has_accepted() -> None:
    """A second attempt would be a second mail."""
    answers = [b"220 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"250 ok\r\n"]
    with answering(*answers) as port:
        mailer(port).send(MESSAGE)


@contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """A server that says the answers one by one, then hangs up."""

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            for answer in answers:
                connection.sendall(answer)
                wait_for_more = lines.readline()
                while answer.startswith(b"354") and wait_for_more != b".\r\n":
                    wait_for_more = lines.readline()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, args=(listener,))
        thread.start()
        yield listener.getsockname()[1]
        thread.join(timeout=5)


# The line


def test_starttls_with_a_certificate_that_nobody_vouches_for_is_refused(certificate: Certificate) -> None:
    with running(Server(), tls_context=certificate.context) as server:
        with pytest.raises(MailDelayed, match=r"^certificate$"):
            mailer(server.port, Security.STARTTLS).send(MESSAGE)
        assert server.accepted == []


def test_starttls_with_a_valid_certificate_delivers(trusted: Certificate) -> None:
    with running(Server(), tls_context=trusted.context, require_starttls=True) as server:
        mailer(server.port, Security.STARTTLS).send(MESSAGE)
    assert mail_at(server)["To"] == MESSAGE.to


def test_certificate_of_another_host_is_refused(trusted: Certificate) -> None:
    with (
        running(Server(), tls_context=trusted.context) as server,
        pytest.raises(MailDelayed, match=r"^certificate$"),
    ):
        mailer(server.port, Security.STARTTLS, host="localhost").send(MESSAGE)


def test_server_without_starttls_gets_nothing() -> None:
    with running(Server()) as server:
        with pytest.raises(MailDelayed, match="NotSupported"):
            mailer(server.port, Security.STARTTLS).send(MESSAGE)
        assert server.accepted == []


@pytest.mark.parametrize(("password", "arrives"), [("right", True), ("wrong", False)])
def test_login_over_starttls(trusted: Certificate, password: str, arrives: bool) -> None:
    def check(server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"must", b"right"), handled=False)

    options = {"tls_context": trusted.context, "authenticator": check, "auth_required": True}
    with running(Server(), **options) as server:
        _attempt(lambda: mailer(server.port, Security.STARTTLS, user="must", password=password).send(MESSAGE), arrives)
    assert len(server.accepted) == arrives


def _attempt(send: Callable[[], None], arrives: bool) -> None:
    if arrives:
        send()
    else:
        with pytest.raises(MailDelayed, match=r"^535"):
            send()


def test_tls_from_the_start(trusted: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Server(), ssl_context=trusted.context) as server:
        mailer(server.port, Security.TLS).send(MESSAGE)
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(MailDelayed, match=r"^certificate$"):
            mailer(server.port, Security.TLS).send(MESSAGE)
    assert len(server.accepted) == 1


def test_password_is_never_sent_in_the_clear_nor_shown() -> None:
    with pytest.raises(ValueError, match="without encryption"):
        SmtpSettings("localhost", 25, Security.NONE, SENDER, "user", "the password")
    assert "the password" not in repr(SmtpSettings("localhost", 25, Security.TLS, SENDER, "user", "the password"))


# The folder


def test_folder_keeps_every_mail_as_one_file_that_opens(tmp_path: Path) -> None:
    folder = MailFolder(tmp_path / "mail", SENDER)
    folder.send(MESSAGE)
    folder.send(MESSAGE)
    folder.send(replace(MESSAGE, message_id="<../../2@must.example.org>"))
    files = sorted(path.name for path in folder.path.iterdir())
    assert files == ["20261001T070000-....2@must.example.org.eml", "20261001T070000-1f2e@must.example.org.eml"]
    mail = message_from_bytes((folder.path / files[1]).read_bytes(), policy=default)
    assert mail["Subject"] == MESSAGE.subject
    assert folder.path.stat().st_mode & 0o077 == 0


def test_folder_refuses_the_same_addresses_and_delays_when_it_cannot_write(tmp_path: Path) -> None:
    with pytest.raises(MailRefused):
        MailFolder(tmp_path, SENDER).send(replace(MESSAGE, to="nobody"))
    (tmp_path / "file").touch()
    with pytest.raises(MailDelayed, match=r"^folder$"):
        MailFolder(tmp_path / "file", SENDER).send(MESSAGE)
