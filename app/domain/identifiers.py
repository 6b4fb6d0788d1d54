"""Organisation numbers and national identity numbers: check digits only, nothing is ever derived from them.

National identity numbers carry two check digits. Until 2032 the first makes the weighted sum divisible by 11; from
2032 a remainder of up to 3 is allowed too (the Norwegian Tax Administration's announcement), and both kinds will
be in use side by side. Synthetic numbers, for trying things out, have 80 (or 40) added to the month.
"""

from __future__ import annotations

from app.domain.errors import DomainError

_ORGANISATION_WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2, 1)
_FIRST_WEIGHTS = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_SECOND_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_FIRST_REMAINDERS = frozenset({0, 1, 2, 3})
_SYNTHETIC_MONTHS = frozenset({*range(41, 53), *range(81, 93)})
_REAL_MONTHS = frozenset(range(1, 13))


def _remainder(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False)) % 11


def _is_number(text: str, n_digits: int) -> bool:
    return len(text) == n_digits and text.isascii() and text.isdigit()


def check_organisation_number(text: str) -> str:
    """The nine digits without spaces; DomainError ``organisation_number.invalid`` (mod 11, spec 3)."""
    digits = "".join(text.split())
    if not _is_number(digits, 9) or _remainder(digits, _ORGANISATION_WEIGHTS):
        raise DomainError("organisation_number.invalid")
    return digits


def check_identity_number(text: str, *, accept_synthetic: bool) -> str:
    """The eleven digits; DomainError ``identity_number.invalid``, which never carries the number."""
    digits = "".join(text.split())
    if not _is_number(digits, 11) or not _has_day_and_month(digits, accept_synthetic):
        raise DomainError("identity_number.invalid")
    if _remainder(digits, _FIRST_WEIGHTS) not in _FIRST_REMAINDERS or _remainder(digits, _SECOND_WEIGHTS):
        raise DomainError("identity_number.invalid")
    return digits


def _has_day_and_month(digits: str, accept_synthetic: bool) -> bool:
    """Days of D-numbers have 40 added."""
    day, month = int(digits[:2]), int(digits[2:4])
    months = _REAL_MONTHS | _SYNTHETIC_MONTHS if accept_synthetic else _REAL_MONTHS
    return (1 <= day <= 31 or 41 <= day <= 71) and month in months


def synthetic_identity_number(serial: int) -> str:
    """The `serial`-th of a fixed row of synthetic numbers (month + 80), 0 <= serial < 100,000."""
    day, rest = serial % 28 + 1, serial // 28
    month, rest = rest % 12 + 81, rest // 12
    year, tries = rest % 60 + 40, rest // 60
    for individual in range(tries * 50, 1000):
        stem = f"{day:02}{month:02}{year:02}{individual:03}"
        first = -_remainder(stem, _FIRST_WEIGHTS) % 11
        second = -_remainder(stem + str(first), _SECOND_WEIGHTS) % 11
        if first < 10 and second < 10:
            return f"{stem}{first}{second}"
    raise DomainError("identity_number.none_left")
