"""What has to be right before an order can be sent, and what staff are told about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from app.domain.disclosure import Limits
from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.order import OrderContent, find_problems, is_email, last_day_at_most
from app.domain.order_review import OrderFacts, count_findings, review_order
from app.domain.rights import Entity
from app.domain.units import UnitTree

TODAY = date(2026, 9, 20)
GOOD = OrderContent(
    "Kari", "kari@example.org", "Ola", "ola@example.org", 40, date(2026, 10, 1), date(2026, 10, 15), ("commitment",)
)
TREE = UnitTree.from_rows([(("A", "A1"), 20), (("A", "A2"), 10), (("B",), 10)])
INSTRUMENT = load_instrument(CURRENT_VERSION)
CHOOSABLE = tuple(theme.id for theme in INSTRUMENT.choosable)


def problems(**changes: object) -> list[str]:
    content = replace(GOOD, extra_themes=CHOOSABLE[:1], **changes)  # type: ignore[arg-type]
    found = find_problems(content, TREE, INSTRUMENT, TODAY)
    return [":".join(filter(None, (each.field, each.code, each.language))) for each in found]


def test_order_with_everything_can_be_sent() -> None:
    assert problems() == []
    assert problems(n_invited=None) == [], "the number invited may be unknown"


def test_empty_order_names_everything_at_once_in_the_order_of_the_form() -> None:
    found = find_problems(OrderContent(), None, INSTRUMENT, TODAY)
    assert [(each.field, each.code) for each in found] == [
        (name, "missing")
        for name in (
            "contact_name",
            "leader_name",
            "contact_email",
            "leader_email",
            "first_on",
            "last_on",
            "unit_list",
        )
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"contact_name": " "}, ["contact_name:missing"]),
        ({"leader_name": "x" * 101}, ["leader_name:too_long"]),
        ({"contact_email": "kari@"}, ["contact_email:no_email"]),
        ({"leader_email": "a@b@c.no"}, ["leader_email:no_email"]),
        ({"n_invited": 4}, ["n_invited:out_of_range"]),
        ({"n_invited": 100_001}, ["n_invited:out_of_range"]),
        ({"first_on": TODAY - timedelta(days=1)}, ["first_on:past"]),
        ({"last_on": date(2026, 9, 30)}, ["last_on:before_first"]),
        ({"last_on": date(2026, 11, 11)}, []),
        ({"last_on": date(2026, 11, 12)}, ["last_on:too_late"]),
        ({"first_on": None}, ["first_on:missing"]),
        ({"last_on": None}, ["last_on:missing"]),
        ({"definitions": {"unit": {"nb": "Enheten."}}}, ["unit:missing_language:en"]),
        ({"definitions": {"unit": {"nb": "", "en": " "}}}, []),
        (
            {"definitions": {"nearest_leader": {"nb": "x" * 301, "en": "Your leader."}}},
            ["nearest_leader:too_long:nb"],
        ),
        ({"invitation": {"en": "Welcome."}}, ["invitation:missing_language:nb"]),
        ({"invitation": {"nb": "Velkommen.", "en": "x" * 2001}}, ["invitation:too_long:en"]),
    ],
)
def test_each_problem_is_named(changes: dict[str, object], expected: list[str]) -> None:
    assert problems(**changes) == expected


def test_core_theme_cannot_be_chosen() -> None:
    content = replace(GOOD, extra_themes=("workload",))
    assert [each.field for each in find_problems(content, TREE, INSTRUMENT, TODAY)] == ["extra_themes"]


def test_six_weeks_are_42_days_with_the_first() -> None:
    assert (last_day_at_most(date(2026, 10, 1)) - date(2026, 10, 1)).days == 41


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        ("a@b.no", True),
        ("first.last+tag@sub.example-agency.no", True),
        ("a@b", False),
        ("a b@c.no", False),
        ("a@b.no\nBcc: c@d.no", False),
        ("@b.no", False),
        ("a@-b.no", False),
        ("æ@b.no", False),
        (f"{'a' * 250}@b.no", False),
    ],
)
def test_addresses_that_mail_servers_take(text: str, *, is_good: bool) -> None:
    assert is_email(text) == is_good


FACTS = OrderFacts(GOOD, TREE, Limits(), TODAY, True, Entity("310000000", "Prøvetilsynet"), 0, 0)


def remarks(**changes: object) -> list[tuple[str, bool]]:
    return [(remark.code, remark.stops) for remark in review_order(replace(FACTS, **changes))]  # type: ignore[arg-type]


def test_good_order_is_only_told_its_forecast() -> None:
    assert remarks() == [("forecast", False)]
    without_counts = UnitTree.from_rows([(("A",), None), (("B",), None)])
    assert remarks(tree=without_counts) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"is_in_area": False}, ("area.left", True)),
        ({"entity": None}, ("register.unknown", False)),
        ({"entity": Entity("310000000", "", is_deleted=True)}, ("register.deleted", True)),
        ({"n_open_surveys": 1}, ("survey.another_open", False)),
        ({"content": replace(GOOD, leader_email="KARI@example.org")}, ("leader.is_contact", False)),
        ({"today": date(2026, 10, 16)}, ("period.over", True)),
        ({"today": date(2026, 10, 2)}, ("period.begun", False)),
        ({"today": date(2026, 9, 3)}, ("period.too_early", True)),
        ({"content": replace(GOOD, first_on=date(2026, 10, 3))}, ("period.weekend", False)),
        (
            {
                "content": replace(GOOD, first_on=date(2027, 5, 17), last_on=date(2027, 5, 28)),
                "today": date(2027, 5, 3),
            },
            ("period.holiday", False),
        ),
        ({"n_list_findings": 2}, ("list.findings", False)),
        ({"content": replace(GOOD, n_invited=50)}, ("heads.differ", False)),
    ],
)
def test_each_rule_says_its_word_and_what_stops_comes_first(
    changes: dict[str, object], expected: tuple[str, bool]
) -> None:
    found = remarks(**changes)
    assert expected in found
    assert [stops for _, stops in found] == sorted((stops for _, stops in found), reverse=True)


def test_findings_are_counted_without_the_forecast() -> None:
    facts = replace(FACTS, is_in_area=False, content=replace(GOOD, first_on=date(2026, 10, 3), n_invited=50))
    assert count_findings(review_order(facts)) == (1, 2)
    assert count_findings(review_order(FACTS)) == (0, 0)


def test_last_day_on_which_an_approval_today_is_open_is_no_reason_to_stop() -> None:
    assert ("period.too_early", True) not in remarks(today=date(2026, 9, 4))


def test_period_that_is_not_filled_in_is_not_judged() -> None:
    assert remarks(content=replace(GOOD, first_on=None)) == [("forecast", False)]
