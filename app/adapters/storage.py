"""Where published reports lie: a folder, or S3-like storage, known by one address (fsspec)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from app.domain.errors import DomainError

BLOCK_BYTES = 1024**2
"""So much is fetched at a time of a file that is handed on."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is open for reading, from any place in it."""

    stream: IO[bytes]
    n_bytes: int


class Storage:
    """Files by names with slashes, below one address.

    Who reads gets FileNotFoundError for what is not there. Every method raises DomainError ``storage.unavailable``
    when the storage cannot be used at all.
    """

    def __init__(self, address: str) -> None:
        """`address`: a folder's path, or ``s3://bucket/folder``. Nothing is asked for before the first use."""
        self.address = address.rstrip("/")

    def check(self) -> None:
        """DomainError ``storage.unavailable`` unless the bucket may be listed; a folder is made when it is needed."""
        if not self._is_local:
            with self._asked(is_missing_refused=True) as files:
                files.ls(self._place[1].partition("/")[0])

    def read(self, name: str) -> bytes:
        with self._asked() as files:
            return cast(bytes, files.cat_file(self._path(name)))

    def open(self, name: str) -> StoredFile:
        with self._asked() as files:
            stream = files.open(self._path(name), "rb", block_size=BLOCK_BYTES)
            return StoredFile(stream, stream.size)

    def write(self, name: str, content: bytes) -> None:
        """Never a half-written file under its own name: an object is there when all of it is; a file is renamed."""
        with self._asked(is_missing_refused=True) as files:
            path = self._path(name)
            first = f"{path}.part" if self._is_local else path
            files.pipe_file(first, content)
            if first != path:
                files.mv(first, path)

    def put(self, folder: Path, names: Sequence[str], below: str) -> None:
        """Copy these files of a local folder into the folder `below`, many at a time."""
        with self._asked(is_missing_refused=True) as files:
            files.put([str(folder / name) for name in names], [self._path(f"{below}/{name}") for name in names])

    def sizes(self, below: str = "") -> dict[str, int]:
        """Every file below a folder, by its name from there, and its bytes; empty when there is no such folder."""
        with self._asked() as files:
            start = self._path(below)
            try:
                found = files.find(start, detail=True)
            except FileNotFoundError:
                return {}
        return {path.removeprefix(f"{start}/"): about["size"] for path, about in found.items() if path != start}

    def delete(self, name: str) -> None:
        """A file, or a folder with all that is in it; no error when it is not there."""
        with self._asked() as files:
            try:
                files.rm(self._path(name), recursive=True)
            except FileNotFoundError:
                return

    def _path(self, name: str) -> str:
        """Nothing outside the address, whatever a name says."""
        if ".." in PurePosixPath(name).parts:
            raise FileNotFoundError(name)
        return f"{self._place[1]}/{name}" if name else self._place[1]

    @property
    def _is_local(self) -> bool:
        return "://" not in self.address

    @cached_property
    def _place(self) -> tuple[Any, str]:
        """The file system, and the path of the address there. Listings are never remembered: others write too."""
        from fsspec.core import url_to_fs  # takes a moment to load, and most processes never need it

        options = {"auto_mkdir": True} if self._is_local else {"use_listings_cache": False}
        files, path = url_to_fs(self.address, **options)
        return files, path

    @contextmanager
    def _asked(self, *, is_missing_refused: bool = False) -> Iterator[Any]:
        """`is_missing_refused`: for who writes, what is not there is the storage itself."""
        try:
            yield self._place[0]
        except Exception as error:  # each kind of storage has errors of its own
            if isinstance(error, FileNotFoundError) and not is_missing_refused:
                raise
            raise DomainError("storage.unavailable", address=self.address, reason=type(error).__name__) from error
