"""What goes over the wire is small, and its length tells nothing that could be guessed from it."""

from __future__ import annotations

import gzip

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app import ROOT
from app.web.compression import STEP_BYTES, filled_up
from tests.web.client import Browser

PACKED = {"Accept-Encoding": "gzip, deflate, br", "Accept-Language": "en"}


def ask(browser: Browser, path: str) -> TestResponse:
    return browser.client.get(path, headers=PACKED)


@pytest.mark.parametrize("n_bytes", [0, 1, 500, 1003, 1004, 1005, 5000])
def test_filled_up_stream_is_the_same_and_has_a_round_length(n_bytes: int) -> None:
    body = bytes(number * number % 251 for number in range(n_bytes))
    packed = filled_up(gzip.compress(body, mtime=0))
    assert gzip.decompress(packed) == body
    assert len(packed) % STEP_BYTES == 0


def test_page_is_the_same_with_and_without_compression(browser: Browser) -> None:
    packed = ask(browser, browser.address())
    plain = browser.client.get(browser.address(), headers={"Accept-Language": "en"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data
    assert packed.content_length == len(packed.data) < len(plain.data) / 2
    for answer in (packed, plain):
        assert "Accept-Encoding" in answer.headers["Vary"]


def test_length_of_a_page_does_not_tell_the_answers_on_it(browser: Browser) -> None:
    browser.begin()
    lengths = set()
    for value in "12345":
        browser.autosave(1, workload_1=value, workload_2=value)
        lengths.add(len(ask(browser, browser.address("page/1")).data))
    assert len(lengths) == 1
    assert lengths.pop() % STEP_BYTES == 0


@pytest.mark.parametrize("step", ["", "login", "preview"])
def test_page_that_an_outsider_put_words_into_is_sent_as_it_is(browser: Browser, step: str) -> None:
    answer = ask(browser, browser.address(step) + "?guess=csrf_token")
    assert "guess" in answer.text, "a page repeats what stands in its address"
    assert "Content-Encoding" not in answer.headers


def test_short_answers_and_those_without_content_stay_as_they_are(browser: Browser) -> None:
    browser.begin()
    saved = browser.client.post(
        browser.address("page/1"),
        data={"csrf_token": browser.token, "workload_1": "1", "save": "1"},
        headers={**PACKED, "HX-Request-Type": "partial"},
    )
    assert saved.status_code == 200
    assert "Content-Encoding" not in saved.headers


def test_every_static_file_of_a_page_is_small_and_kept_for_a_year(web: Flask) -> None:
    client = web.test_client()
    for path in sorted((ROOT / "static").rglob("*")):
        if path.suffix in {".css", ".js", ".svg"}:
            address = f"/static/{path.relative_to(ROOT / 'static').as_posix()}?v=1"
            answer = client.get(address, headers=PACKED)
            assert gzip.decompress(answer.data) == path.read_bytes()
            assert answer.headers["Content-Encoding"] == "gzip"
            assert "max-age=31536000" in answer.headers["Cache-Control"]
            assert "immutable" in answer.headers["Cache-Control"]
            again = client.get(address, headers={**PACKED, "If-None-Match": answer.headers["ETag"]})
            assert again.status_code == 304
            plain, part = client.get(address), client.get(address, headers={**PACKED, "Range": "bytes=0-9"})
            assert plain.data == path.read_bytes(), "for who does not ask for gzip"
            assert part.data == path.read_bytes()[:10]
            for each in (answer, again, plain, part):
                each.close()
