"""What is sealed opens with its key and its binding, and with nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.sealing import keyed_hash, new_key, open_for_research, public_part, seal, seal_for_research, unseal
from app.domain.errors import DomainError

KEY = new_key()


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_sealed_opens_again(plain: bytes, bound_to: bytes) -> None:
    assert unseal(KEY, seal(KEY, plain, bound_to), bound_to) == plain


def test_same_text_never_looks_the_same() -> None:
    assert len({seal(KEY, b"text", b"") for _ in range(100)}) == 100


@pytest.mark.parametrize("place", [0, 5, 12, 20, -1])
def test_changed_byte_is_noticed(place: int) -> None:
    sealed = bytearray(seal(KEY, b"some text", b"row 1"))
    sealed[place] ^= 1
    with pytest.raises(DomainError, match=r"sealed\.broken"):
        unseal(KEY, bytes(sealed), b"row 1")


@pytest.mark.parametrize(("key", "bound_to"), [(KEY, b"row 2"), (bytes(32), b"row 1")], ids=["other row", "other key"])
def test_other_row_or_other_key_does_not_open(key: bytes, bound_to: bytes) -> None:
    with pytest.raises(DomainError, match=r"sealed\.broken"):
        unseal(key, seal(KEY, b"some text", b"row 1"), bound_to)


def test_too_short_to_be_sealed_is_refused() -> None:
    with pytest.raises(DomainError, match=r"sealed\.broken"):
        unseal(KEY, b"", b"")


def test_only_the_research_key_opens_what_is_for_research() -> None:
    private = new_key()
    sealed = seal_for_research(public_part(private), b"text", b"survey")
    assert open_for_research(private, sealed, b"survey") == b"text"
    for key, bound_to in ((new_key(), b"survey"), (private, b"other")):
        with pytest.raises(DomainError, match=r"sealed\.broken"):
            open_for_research(key, sealed, bound_to)


def test_keyed_hash_depends_on_key_and_message() -> None:
    assert len({keyed_hash(KEY, b"a"), keyed_hash(KEY, b"b"), keyed_hash(new_key(), b"a")}) == 3
    assert keyed_hash(KEY, b"a") == keyed_hash(KEY, b"a")
