"""Nobody ever sees half a set: not while one is copied, not when copying is killed, not when two publish at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.adapters.storage import Storage
from app.domain.errors import DomainError
from app.services.public_audit import MANIFEST
from app.services.report_store import POINTER, delete_sets, find_published, publish_set, upload_set

SURVEY = "0123abcd"


def make(folder: Path, text: str) -> tuple[Path, list[str]]:
    """A set of a few files that all say `text`."""
    names = ["nb/00 Hele (nb).pdf", "nb/01 Ås (nb).pdf", "audit.json"]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    files = {"nb": "nb/00 Hele (nb)"}
    reports = [{"unit": [], "n_included": 8, "files": files}]
    (folder / MANIFEST).write_text(json.dumps({"text": text, "reports": reports, "sha256": dict.fromkeys(names, "")}))
    return folder, [*names, MANIFEST]


def publish(storage: Storage, folder: Path, names: list[str]) -> None:
    publish_set(storage, SURVEY, upload_set(storage, SURVEY, folder, names), folder, names)


def texts(storage: Storage) -> set[str]:
    """What a reader finds who follows what is published."""
    published = find_published(storage, SURVEY)
    if published is None:
        return set()
    names = published.names - {MANIFEST, "reports.zip"}
    found = {storage.read(f"{published.place}/{name}").decode() for name in names}
    return found | {json.loads(storage.read(f"{published.place}/{MANIFEST}"))["text"]}


def test_set_is_seen_when_it_is_whole_and_a_later_one_takes_its_place(storage: Storage, tmp_path: Path) -> None:
    folder, names = make(tmp_path / "one", "first")
    upload_set(storage, SURVEY, folder, names)
    assert texts(storage) == set()
    publish(storage, folder, names)
    assert texts(storage) == {"first"}
    later, names = make(tmp_path / "two", "second")
    place = upload_set(storage, SURVEY, later, names)
    assert texts(storage) == {"first"}
    publish_set(storage, SURVEY, place, later, names)
    assert texts(storage) == {"second"}
    assert set(storage.sizes(SURVEY)) == {f"{place.removeprefix(f'{SURVEY}/')}/{name}" for name in names} | {POINTER}


def test_publishing_that_was_killed_is_not_seen_and_goes_on_with_what_is_there(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(storage, *make(tmp_path / "one", "first"))
    folder, names = make(tmp_path / "two", "second")
    place = upload_set(storage, SURVEY, folder, names)
    storage.write(f"{place}/{names[0]}", b"sec")
    storage.delete(f"{place}/{names[1]}")
    assert texts(storage) == {"first"}
    copied: list[str] = []
    put = storage.put
    monkeypatch.setattr(storage, "put", lambda where, which, below: copied.extend(which) or put(where, which, below))
    publish(storage, folder, names)
    assert texts(storage) == {"second"}
    assert copied == names[:2]


def test_publishing_the_same_bytes_again_copies_nothing(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(tmp_path / "one", "first")
    publish(storage, *made)
    monkeypatch.delattr(Storage, "put")
    publish(storage, *made)
    assert texts(storage) == {"first"}


def test_two_publications_at_once_end_with_one_whole_set(storage: Storage, tmp_path: Path) -> None:
    one, two = make(tmp_path / "one", "first"), make(tmp_path / "two", "second")
    place = upload_set(storage, SURVEY, *one)
    publish(storage, *two)
    with pytest.raises(DomainError, match=r"reports\.in_progress"):
        publish_set(storage, SURVEY, place, *one)
    assert texts(storage) == {"second"}


def test_reader_whose_set_is_replaced_in_this_moment_gets_the_later_one(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(storage, *make(tmp_path / "one", "first"))
    later = make(tmp_path / "two", "second")
    read, asked = storage.read, []

    def read_slowly(name: str) -> bytes:
        content = read(name)
        asked.append(name)
        if len(asked) == 1:
            publish(storage, *later)
        return content

    monkeypatch.setattr(storage, "read", read_slowly)
    assert texts(storage) == {"second"}


def test_deleted_sets_are_gone(storage: Storage, tmp_path: Path) -> None:
    publish(storage, *make(tmp_path / "one", "first"))
    upload_set(storage, SURVEY, *make(tmp_path / "two", "second"))
    delete_sets(storage, SURVEY)
    assert storage.sizes() == {}
    delete_sets(storage, SURVEY)
    assert find_published(storage, SURVEY) is None
