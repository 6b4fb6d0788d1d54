"""A response as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import DomainError
from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.responses import DECLINED, UNANSWERED, Response, answer_matrix, check_value

THEME = load_instrument(CURRENT_VERSION).themes[0]


@given(
    st.one_of(st.none(), st.integers(0, 20_000)),
    st.binary(max_size=99),
    st.binary(min_size=16, max_size=16),
    st.booleans(),
)
def test_bytes_and_back(unit: int | None, answers: bytes, link: bytes, is_submitted: bool) -> None:
    response = Response(unit, answers, link, is_submitted)
    assert Response.from_bytes(response.to_bytes()) == response


def test_length_tells_nothing() -> None:
    empty = Response.empty(99, bytes(16))
    full = Response(20_000, bytes([5]) * 99, bytes([255]) * 16, is_submitted=True)
    assert len(empty.to_bytes()) == len(full.to_bytes())


def test_unknown_format_is_refused() -> None:
    data = Response.empty(3, bytes(16)).to_bytes()
    with pytest.raises(DomainError, match=r"response\.unknown_format"):
        Response.from_bytes(bytes([9]) + data[1:])


def test_only_named_items_change() -> None:
    response = Response.empty(4, bytes(16)).with_answers({1: 3, 2: DECLINED})
    assert response.answers == bytes([UNANSWERED, 3, DECLINED, UNANSWERED])


@pytest.mark.parametrize("value", [-1, 6, 255])
def test_value_outside_the_scale_is_refused(value: int) -> None:
    with pytest.raises(DomainError, match=r"answer\.unknown"):
        check_value(THEME, value)


@pytest.mark.parametrize("value", range(6))
def test_every_category_and_declining_is_a_value(value: int) -> None:
    assert check_value(THEME, value) == value


def test_no_responses_make_an_empty_matrix() -> None:
    assert answer_matrix([], 99).shape == (0, 99)
