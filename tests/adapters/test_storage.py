"""A folder and S3-like storage behave alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.adapters.storage import Storage
from app.domain.errors import DomainError

NAME = "nb/01 Ås – Ærlighet [a] #1 (nb).pdf"


def test_what_is_written_is_read_again_whole_and_in_parts(storage: Storage) -> None:
    storage.write(NAME, b"0123456789")
    storage.write(NAME, b"abcdefghij")
    assert storage.read(NAME) == b"abcdefghij"
    file = storage.open(NAME)
    with file.stream as stream:
        stream.seek(7)
        assert (file.n_bytes, stream.read(2)) == (10, b"hi")
    assert storage.sizes() == {NAME: 10}
    assert storage.sizes("nb") == {NAME.removeprefix("nb/"): 10}


def test_many_files_are_copied_at_a_time(storage: Storage, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "nb").mkdir(parents=True)
    (source / NAME).write_bytes(b"one")
    (source / "two.txt").write_bytes(b"two!")
    storage.put(source, [NAME, "two.txt"], "set/first")
    assert storage.sizes("set") == {f"first/{NAME}": 3, "first/two.txt": 4}


def test_what_is_not_there_is_no_file_and_may_be_deleted(storage: Storage) -> None:
    for read in (storage.read, storage.open):
        with pytest.raises(FileNotFoundError):
            read("gone.pdf")
    assert storage.sizes("gone") == {}
    storage.delete("gone")


def test_folder_is_deleted_with_all_that_is_in_it_and_nothing_else(storage: Storage) -> None:
    for name in ("a/1", "a/b/2", "ab/3"):
        storage.write(name, b"x")
    storage.delete("a")
    assert storage.sizes() == {"ab/3": 1}


def test_no_name_leads_out_of_the_address(storage: Storage) -> None:
    outside = Storage(storage.address.rpartition("/")[0])
    outside.write("outside", b"x")
    assert outside.read("outside") == b"x"
    for name in ("../outside", "nb/../../outside"):
        with pytest.raises(FileNotFoundError):
            storage.read(name)
        with pytest.raises(FileNotFoundError):
            storage.open(name)


def test_storage_that_cannot_be_used_says_so(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DomainError, match=r"storage\.unavailable"):
        Storage(str(tmp_path / "file" / "below")).write("name", b"x")
    with pytest.raises(DomainError, match=r"storage\.unavailable"):
        Storage("s3://no-such-bucket/x").write("name", b"x")
    with pytest.raises(DomainError, match=r"storage\.unavailable"):
        Storage("s3://no-such-bucket/x").check()
    for fit in (f"{s3}/not/yet/there", str(tmp_path / "not" / "yet")):
        Storage(fit).check()
