"""The real server, as it is started, against who speaks HTTP badly, slowly or too much: over sockets."""

from __future__ import annotations

import re
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import DATABASES
from tests.load.serving import COMMANDS, ROOT, Server

HOST = b"Host: 127.0.0.1\r\n"
NEXT = b"GET /health/live HTTP/1.1\r\n" + HOST + b"\r\n"
"""What a smuggler hides in the body of a request."""
POST = b"POST /staff/login HTTP/1.1\r\n" + HOST
CHUNKED = b"Transfer-Encoding: chunked\r\n"
N_THREADS = 4
HEADER_SECONDS = 10
AMBIGUOUS = {
    "length and chunks": POST + b"Content-Length: 6\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + NEXT,
    "chunks and length": POST + CHUNKED + b"Content-Length: 6\r\n\r\n0\r\n\r\n" + NEXT,
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 30\r\n\r\na=b" + NEXT,
    "a list of lengths": POST + b"Content-Length: 3, 30\r\n\r\na=b" + NEXT,
    "a length with a sign": POST + b"Content-Length: +3\r\n\r\na=b" + NEXT,
    "a length below zero": POST + b"Content-Length: -1\r\n\r\n" + NEXT,
    "a length beyond all": POST + b"Content-Length: 99999999999999999999999\r\n\r\n" + NEXT,
    "a blank before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + NEXT,
    "an unknown encoding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + NEXT,
    "chunks that are not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + NEXT,
    "chunks that end in a bare line feed": POST + CHUNKED + b"\r\n3\nabc\n0\n\n" + NEXT,
    "a bare carriage return": POST + b"X: a\rContent-Length: 5\r\n\r\n" + NEXT,
    "a folded header": POST + b"X: a\r\n Content-Length: 5\r\n\r\n" + NEXT,
    "the oldest version": b"GET /health/live\r\n\r\n" + NEXT,
}
TOO_LARGE = {
    "a header of a megabyte": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", b"431"),
    "two hundred headers": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 200 + b"\r\n", b"431"),
    "an address of 70 KB": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", b"414"),
    "100 MB that were only announced": (POST + b"Content-Length: 100000000\r\nExpect: 100-continue\r\n\r\n", b"413"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    for name in DATABASES:
        shutil.copy(migrated / f"{name}.sqlite", folder)
    server = Server(folder, {"MUST_ENV": "development"}, threads=N_THREADS)
    server.start()
    yield server
    server.stop()


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def ask(server: Server, request: bytes, seconds: float = 30) -> bytes:
    """All that comes back until the server closes, or says nothing more for `seconds`."""
    received = b""
    with connect(server) as connection:
        connection.settimeout(seconds)
        try:
            connection.sendall(request)
            while piece := connection.recv(65_536):
                received += piece
        except (TimeoutError, ConnectionError):
            pass
    return received


def statuses(answer: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.[01] (\d{3})", answer)


def is_served(server: Server) -> bool:
    closing = NEXT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    return statuses(ask(server, closing, 8)) == [b"200"]


@pytest.mark.parametrize("file", [".ci/demo", "Dockerfile", "OPERATING.md"])
def test_server_is_started_everywhere_as_it_is_tried_here(file: str) -> None:
    """With the same options for HTTP, and without a lower limit on connections: each that says nothing counts."""
    text = (ROOT / file).read_text().replace('", "', " ")
    options = re.findall(r"--(?:http|no-ws|blocking)\S*(?: [0-9]+)?", COMMANDS["granian"].format_map(_Started()))
    assert len(options) == 4
    assert [option for option in options if option not in text] == []
    assert "--backpressure" not in text


class _Started(dict[str, object]):
    def __missing__(self, name: str) -> object:
        return N_THREADS


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_request_that_two_servers_could_read_differently_is_refused(server: Server, name: str) -> None:
    """One answer, 400, and the connection is closed: what was hidden behind it is never looked at."""
    answer = ask(server, AMBIGUOUS[name])
    assert statuses(answer) == [b"400"]
    assert b"live" not in answer


@pytest.mark.parametrize("name", TOO_LARGE)
def test_too_large_is_refused_at_once(server: Server, name: str) -> None:
    request, status = TOO_LARGE[name]
    assert statuses(ask(server, request)) == [status]


def test_other_protocols_are_not_spoken(server: Server) -> None:
    assert ask(server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == b""
    upgrade = NEXT[:-2] + b"Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
    assert statuses(ask(server, upgrade, 2)) == [b"200"]


@pytest.mark.parametrize(
    "path", [b"/static/../../pyproject.toml", b"/static/%2e%2e/%2e%2e/pyproject.toml", b"//etc/passwd"]
)
def test_no_raw_path_leads_out_of_the_folder(server: Server, path: bytes) -> None:
    answer = ask(server, b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert statuses(answer)[0] in {b"404", b"308"}
    assert b"create_app" not in answer
    assert b"root:" not in answer


def test_who_sends_headers_slowly_holds_up_nobody_and_is_cut_off(server: Server) -> None:
    """Slowloris: hundreds of requests that never end, and connections that say nothing."""
    half = [connect(server) for _ in range(300)]
    start = time.monotonic()
    for connection in half[::2]:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
    assert is_served(server)
    for connection in half[:4]:
        connection.settimeout(HEADER_SECONDS + 20)
        assert connection.recv(100)[9:12] in {b"", b"408"}
    assert time.monotonic() - start > HEADER_SECONDS / 2
    for connection in half:
        connection.close()


def test_slow_bodies_hold_a_thread_each_and_no_more(server: Server) -> None:
    """Why a proxy has to take in a whole request before it hands it on (README): here each has a thread."""
    slow = [connect(server) for _ in range(N_THREADS - 1)]
    kind = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n"
    for connection in slow:
        connection.sendall(POST + kind + b"a=")
    assert is_served(server)
    for connection in slow:
        connection.close()
    assert is_served(server)
