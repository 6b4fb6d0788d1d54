"""Check digits of organisations and people."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import DomainError
from app.domain.identifiers import (
    check_identity_number,
    check_organisation_number,
    synthetic_identity_number,
)


def test_organisation_number_may_have_spaces() -> None:
    assert check_organisation_number("310 000 000") == "310000000"


@pytest.mark.parametrize("text", ["310000001", "31000000", "3100000000", "31000000a", "", "٣١٠٠٠٠٠٠٠"])
def test_wrong_organisation_number_is_refused(text: str) -> None:
    with pytest.raises(DomainError, match=r"organisation_number\.invalid"):
        check_organisation_number(text)


def test_synthetic_numbers_are_all_different_and_valid_only_outside_production() -> None:
    numbers = [synthetic_identity_number(serial) for serial in range(0, 100_000, 7)]
    assert len(set(numbers)) == len(numbers)
    for number in islice(numbers, 0, None, 50):
        assert check_identity_number(number, accept_synthetic=True) == number
        with pytest.raises(DomainError):
            check_identity_number(number, accept_synthetic=False)


def test_synthetic_numbers_come_to_an_end() -> None:
    with pytest.raises(DomainError, match=r"none_left"):
        synthetic_identity_number(1_000_000)


def with_check_digits(stem: str, remainder: int) -> list[str]:
    """All numbers of nine digits `stem` whose first check digit leaves `remainder`; told a second time, by search."""
    found = []
    for digits in range(100):
        number = f"{stem}{digits:02}"
        first = sum(int(d) * w for d, w in zip(number, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1), strict=False)) % 11
        second = sum(int(d) * w for d, w in zip(number, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1), strict=True)) % 11
        if first == remainder and second == 0:
            found.append(number)
    return found


@pytest.mark.parametrize("remainder", range(11))
@pytest.mark.parametrize("stem", ["010203405", "150607333", "311299988", "410203111"])
def test_first_check_digit_follows_the_old_or_the_2032_rule(stem: str, remainder: int) -> None:
    """Remainder 0 is the old rule, up to 3 the new one; days of D-numbers have 40 added."""
    for number in with_check_digits(stem, remainder):
        if remainder <= 3:
            assert check_identity_number(number, accept_synthetic=False) == number
        else:
            with pytest.raises(DomainError):
                check_identity_number(number, accept_synthetic=False)


@pytest.mark.parametrize("stem", ["000203405", "320203405", "010003405", "011303405", "720203405"])
def test_day_and_month_must_exist(stem: str) -> None:
    for number in with_check_digits(stem, 0):
        with pytest.raises(DomainError):
            check_identity_number(number, accept_synthetic=True)


@given(st.text(max_size=14).filter(lambda text: not text.isdigit()))
def test_no_error_carries_the_number(text: str) -> None:
    with pytest.raises(DomainError) as caught:
        check_identity_number(text, accept_synthetic=True)
    assert caught.value.values == {}
    assert str(caught.value) == "identity_number.invalid"
