"""How long a database that does not answer is waited for."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from psycopg.errors import ConnectionTimeout
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from app import extensions


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("query", ["", "?connect_timeout=2"])
def test_server_that_says_nothing_is_given_up(silent_port: int, query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "CONNECT_SECONDS", 100 if query else 2)
    engine = create_engine(f"postgresql+psycopg://must:x@127.0.0.1:{silent_port}/must{query}")
    with pytest.raises(OperationalError) as caught:
        engine.connect()
    assert isinstance(caught.value.orig, ConnectionTimeout)
