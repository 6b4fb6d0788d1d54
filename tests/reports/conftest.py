from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from app.reports.pdf import warm_up


@pytest.fixture(autouse=True)
def no_complaint(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """xhtml2pdf logs what it cannot do and goes on: in our documents that is an error."""
    yield
    complaints = [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.WARNING]
    assert not complaints


@pytest.fixture(scope="session")
def fonts() -> None:
    warm_up()
