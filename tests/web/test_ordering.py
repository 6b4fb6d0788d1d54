"""Orders as the contact person sees them: every state, every problem, and nobody else's."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from flask import Flask, url_for
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.db.orders import Mail, Order, UploadedList
from app.domain.disclosure import Limits
from app.domain.fiction import CONTACT, LEADER, PEOPLE
from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.order import OrderContent, Problem, find_problems
from app.domain.rights import Right
from app.domain.survey import State
from app.domain.timetable import Milestone
from app.extensions import session
from app.services.orders import find_order, state_of
from app.web.ordering import wording
from app.web.ordering.forms import read_order_form, standing_in
from app.web.timetable import MILESTONES
from tests.people import ACCESS
from tests.unit_lists.writers import by_xlsxwriter
from tests.web.conftest import BOTH, HandClock
from tests.web.desk import BOTH as BOTH_RIGHTS
from tests.web.desk import OURS, THEIRS, Rights
from tests.web.ordering import FILLED, STRANGER, Desk, furnish, order_in

LIST = by_xlsxwriter([["Nivå1", "Nivå2"], ["A", "A1"], ["A", "ingen"], ["B", ""]])
THEMES = [theme.id for theme in load_instrument(CURRENT_VERSION).choosable]


@pytest.fixture
def rights(web: Flask, clock: HandClock) -> Rights:
    return furnish(web)


@pytest.fixture
def desk(web: Flask, rights: Rights) -> Desk:
    return Desk(web).enter()


def stored(web: Flask, order_id: str) -> Order:
    with web.app_context():
        order = find_order(session(), order_id)
        assert order is not None
        session().expunge_all()
        return order


def state(web: Flask, order_id: str) -> State:
    with web.app_context():
        order = find_order(session(), order_id)
        assert order is not None
        return state_of(session(), order)


def complete(desk: Desk, **fields: str) -> None:
    """An order that can be sent."""
    desk.begin_order(**{**FILLED, **fields})
    desk.upload(LIST)
    desk.get(desk.at())


# --- Where one arrives ----------------------------------------------------------------------------------------------


def test_stranger_is_sent_to_the_login_and_back(web: Flask, rights: Rights) -> None:
    desk = Desk(web)
    desk.get("/organisation/")
    assert desk.path == "/organisation/login"
    desk.send(person=str(CONTACT))
    assert desk.heading == "Your surveys"


def test_first_visit_offers_to_order(desk: Desk) -> None:
    assert "No survey has been ordered yet" in desk.text
    assert desk.page.select_one("main form button") is not None


@pytest.mark.parametrize(
    ("reached", "label", "link"),
    [
        (State.DRAFT, "Draft", "Continue"),
        (State.REJECTED, "Sent back", "Change the order"),
        (State.SUBMITTED, "Waiting for signature", "See the order"),
        (State.SIGNED, "Waiting for approval", "See the order"),
        (State.OPEN, "Open until 11 November 2026", "To the survey"),
        (State.CLOSED, "Closed", "To the survey"),
        (State.REPORTED, "The reports are ready", "To the reports"),
        (State.DELETED, "Deleted", "To the survey"),
    ],
)
def test_every_state_has_its_words_and_its_way_on(
    web: Flask, desk: Desk, reached: State, label: str, link: str
) -> None:
    with web.app_context():
        order_id = order_in(reached)
    desk.get("/organisation/")
    row = desk.page.select_one(".orders li")
    assert row is not None
    assert row.strong is not None
    assert row.strong.get_text() == label
    assert row.a is not None
    assert row.a.get_text().startswith(link)
    assert order_id in str(row.a["href"])


def test_survey_that_closed_by_itself_is_not_called_open(web: Flask, desk: Desk, clock: HandClock) -> None:
    with web.app_context():
        order_in(State.OPEN)
    clock.pass_by(days=50)
    desk.enter()
    assert "Closed" in desk.text
    assert "Open until" not in desk.text


def test_who_may_sign_finds_what_waits_and_nothing_to_order(web: Flask, rights: Rights) -> None:
    desk = Desk(web).enter(LEADER)
    assert "You cannot order for any organisation" in desk.text
    with web.app_context():
        waiting, _ = order_in(State.SUBMITTED), order_in(State.DRAFT)
    desk.get("/organisation/")
    links = [str(link["href"]) for link in desk.page.select("main a")]
    assert links == [f"/organisation/orders/{waiting}/agreement"]
    assert "You cannot" not in desk.text, "who is asked to sign is not told what is not asked"


def test_organisation_that_left_the_list_keeps_its_orders_and_gets_no_new_ones(web: Flask, desk: Desk) -> None:
    with web.app_context():
        desk.order_id = order_in(State.DRAFT)
        session().get_one(Order, desk.order_id).organisation.is_in_area = False
        session().commit()
    desk.get("/organisation/")
    assert "no longer on the list" in desk.text
    assert desk.page.select_one("main form") is None
    desk.get(desk.at())
    answer = desk.client.post("/organisation/orders", data={"csrf_token": desk.token, "organisation_number": OURS})
    assert answer.status_code == 403


@pytest.mark.parametrize("number", [THEIRS, "889640782", "", "<script>"])
def test_order_can_be_begun_only_for_ones_own_organisation(desk: Desk, number: str) -> None:
    answer = desk.client.post("/organisation/orders", data={"csrf_token": desk.token, "organisation_number": number})
    assert answer.status_code == 404


# --- Other organisations' orders -------------------------------------------------------------------------------------

GETS = ("", "send", "discard", "timetable.ics", "unit-list", "unit-list/repaired.xlsx", "unit-list/template.xlsx")
GETS_2 = ("unit-list/forecast", "rehearsal")
POSTS = ("", "send", "discard", "unit-list", "unit-list/remove", "rehearsal")


@pytest.mark.parametrize("reached", [State.DRAFT, State.SUBMITTED, State.OPEN])
def test_order_of_another_organisation_is_nowhere_to_be_found(web: Flask, rights: Rights, reached: State) -> None:
    with web.app_context():
        order_id = order_in(reached)
    for person in (STRANGER, LEADER):
        desk = Desk(web).enter(person)
        token = desk.page.select_one("input[name=csrf_token]")
        assert token is not None
        desk.order_id = order_id
        for step in GETS + GETS_2:
            assert desk.fetch(step).status_code == 404, step
        for step in POSTS:
            answer = desk.client.post(desk.at(step), data={"csrf_token": str(token["value"]), "go": "check"})
            assert answer.status_code == 404, step
        assert "Prøvetilsynet" not in desk.html or person == LEADER


def test_table_knows_every_route_of_an_order(web: Flask) -> None:
    own = "/organisation/orders/<order_id>"
    rules = [rule for rule in web.url_map.iter_rules() if rule.endpoint.startswith("ordering.")]
    steps = {
        (method, rule.rule.removeprefix(own).strip("/"))
        for rule in rules
        if rule.rule.startswith(own)
        for method in {"GET", "POST"} & (rule.methods or set())
    }
    assert steps == {("GET", step) for step in GETS + GETS_2} | {("POST", step) for step in POSTS}


def test_order_that_does_not_exist_is_the_same(desk: Desk) -> None:
    desk.order_id = "0" * 32
    assert {desk.fetch(step).status_code for step in GETS + GETS_2} == {404}


def test_nothing_is_changed_without_the_token(web: Flask, desk: Desk) -> None:
    desk.begin_order(**FILLED)
    for step in POSTS:
        assert desk.client.post(desk.at(step), data={"contact_name": "x"}).status_code == 400, step
    assert stored(web, desk.order_id).contact_name == FILLED["contact_name"]


# --- The form --------------------------------------------------------------------------------------------------------


def test_draft_keeps_everything_that_was_filled_in(web: Flask, desk: Desk) -> None:
    texts = {
        "nearest_leader_nb": "Den som har\npersonalansvar",
        "nearest_leader_en": "Who hires you",
        "unit_nb": "Kontoret",
        "unit_en": "The office",
        "invitation_nb": "Vi trekker <ingenting>",
        "invitation_en": "No prize & no draw",
    }
    desk.begin_order()
    desk.send("#order", button={"go": "draft"}, **FILLED, **texts, extra_themes=["", "change", "availability"])  # type: ignore[arg-type]
    assert "The draft is saved." in desk.text
    form = desk.page.select_one("#order")
    assert form is not None
    shown = desk.standing_in(form)
    assert {name: shown[name] for name in FILLED} == FILLED
    assert {name: shown[name] for name in texts} == texts
    assert shown["extra_themes"] == ["", "availability", "change"]
    assert stored(web, desk.order_id).invitation == {"nb": "Vi trekker <ingenting>", "en": "No prize & no draw"}
    assert "&lt;ingenting&gt;" in desk.html


def test_field_that_was_not_sent_keeps_what_it_held(web: Flask, desk: Desk) -> None:
    desk.begin_order(**FILLED, unit_nb="Kontoret", unit_en="The office")
    desk.client.post(desk.at(), data={"csrf_token": desk.token, "contact_name": "Ny Kontakt"})
    order = stored(web, desk.order_id)
    assert (order.contact_name, order.n_invited, order.definitions["unit"]["nb"]) == ("Ny Kontakt", 93, "Kontoret")


def test_themes_can_all_be_taken_away_again(web: Flask, desk: Desk) -> None:
    desk.begin_order()
    desk.send("#order", button={"go": "draft"}, extra_themes=["", "change"])  # type: ignore[arg-type]
    desk.send("#order", button={"go": "draft"}, extra_themes="")
    assert stored(web, desk.order_id).extra_themes == []


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        ("n_invited", "førti", "Write the number in figures alone"),
        ("n_invited", "-4", "Write the number in figures alone"),
        ("n_invited", "٤٠", "Write the number in figures alone"),
        ("first_on", "31.02.2026", "This is not a day in the calendar"),
        ("last_on", "i morgen", "This is not a day in the calendar"),
        ("last_on", "9999-12-31", "This is not a day in the calendar"),
        ("contact_name", "x" * 101, "This is too long. The limit is 100 characters."),
        ("leader_email", "x" * 250 + "@e.no", "This is too long. The limit is 254 characters."),
    ],
)
def test_bad_value_is_told_and_kept_and_stops_no_other_field(
    web: Flask, desk: Desk, field: str, typed: str, message: str
) -> None:
    desk.begin_order()
    desk.send("#order", button={"go": "draft"}, **{**FILLED, field: typed})
    assert desk.status == 422
    box = desk.page.select_one(f"#{field}")
    assert box is not None
    assert (box["value"], box["aria-invalid"]) == (typed, "true")
    assert box["type"] != "date", "a date field would throw away what was typed"
    said = desk.page.select_one(f"#{field}-mistake")
    assert said is not None
    assert message in said.get_text()
    order = stored(web, desk.order_id)
    kept = {name: str(getattr(order, name)) for name in FILLED if name != field}
    assert kept == {name: value for name, value in FILLED.items() if name != field}


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2026-10-01", date(2026, 10, 1)),
        ("01.10.2026", date(2026, 10, 1)),
        (" 1. 10. 2026 ", date(2026, 10, 1)),
        ("29.2.2028", date(2028, 2, 29)),
    ],
)
def test_days_may_be_typed_as_norwegians_do(typed: str, day: date) -> None:
    reading = read_order_form(MultiDict({"first_on": typed}), OrderContent(), THEMES)
    assert (reading.content.first_on, reading.mistakes) == (day, ())


@pytest.mark.parametrize("typed", ["1 240", "1\N{NO-BREAK SPACE}240", "1240 "])
def test_number_may_have_blanks(typed: str) -> None:
    assert read_order_form(MultiDict({"n_invited": typed}), OrderContent(), THEMES).content.n_invited == 1240


def test_characters_that_a_database_refuses_do_not_reach_it() -> None:
    form = MultiDict({"contact_name": "Ka\0ri \u200b Moe", "invitation_nb": "En\r\nto\0", "extra_themes": "nix"})
    content = read_order_form(form, OrderContent(), THEMES).content
    assert (content.contact_name, content.invitation, content.extra_themes) == ("Kari Moe", {"nb": "En\nto"}, ())


def test_form_reads_what_it_shows() -> None:
    content = OrderContent(
        "Kari", "k@e.no", "Ola", "o@e.no", 9, date(2026, 10, 1), date(2026, 10, 2), ("change",),
        {"unit": {"nb": "a", "en": "b"}, "nearest_leader": {}}, {"nb": "c"},
    )  # fmt: skip
    assert read_order_form(MultiDict(standing_in(content)), content, THEMES).content == content


def test_change_is_saved_as_it_is_made(web: Flask, desk: Desk) -> None:
    desk.begin_order(**FILLED)
    form = desk.page.select_one("#order")
    assert form is not None
    assert (form["hx-post"], form["hx-target"]) == (form["action"], "#saved")
    answer = desk.partial(desk.at(), {**desk.standing_in(form), "save": "1", "leader_name": "Ny Leder"})  # type: ignore[dict-item]
    assert desk.status == 200
    assert "Saved" in answer
    assert 'id="timetable" hx-swap-oob="true"' in answer
    assert "12 October 2026" in answer
    assert stored(web, desk.order_id).leader_name == "Ny Leder"
    assert "The draft is saved." not in str(desk.get(desk.at())), "nothing is announced twice"


def test_autosave_tells_a_bad_value_and_saves_the_rest(web: Flask, desk: Desk) -> None:
    desk.begin_order(**FILLED)
    answer = desk.partial(desk.at(), {"save": "1", "n_invited": "4o", "leader_name": "Ny Leder"})
    assert desk.status == 422
    assert "Saved, but for what is marked" in answer
    assert re.search(r'id="n_invited-mistake"[^>]*><p>Write the number', answer)
    assert stored(web, desk.order_id).leader_name == "Ny Leder"
    assert 'id="problems"' not in answer


def test_page_that_is_sent_once_more_undoes_nothing(web: Flask, desk: Desk) -> None:
    """A browser that goes back to the answer of a form may send the form again."""
    desk.begin_order()
    form = desk.page.select_one("#order")
    assert form is not None
    old = desk.standing_in(form)
    desk.partial(desk.at(), {**old, "save": "1", "leader_name": "Ola", "n_invited": "90"})  # type: ignore[dict-item]
    answer = desk.client.post(desk.at(), data={**old, "go": "check"})
    assert answer.status_code == 422
    assert 'value="Ola"' in answer.text
    assert stored(web, desk.order_id).n_invited == 90


def test_two_tabs_change_each_what_was_changed_in_them(web: Flask, desk: Desk) -> None:
    desk.begin_order(**FILLED)
    form = desk.page.select_one("#order")
    assert form is not None
    both = desk.standing_in(form)
    for change in ({"leader_name": "Ny"}, {"n_invited": ""}, {"extra_themes": ["", "change"]}, {"unit_nb": "a\r\nb"}):
        desk.client.post(desk.at(), data={**both, **change})
    order = stored(web, desk.order_id)
    assert (order.leader_name, order.n_invited, order.extra_themes) == ("Ny", None, ["change"])
    assert order.definitions["unit"] == {"nb": "a\nb"}


def test_what_cannot_be_kept_is_told_again_as_long_as_it_stands_there(desk: Desk) -> None:
    desk.begin_order(**FILLED)
    desk.send("#order", button={"go": "draft"}, n_invited="mange")
    desk.send("#order", button={"go": "check"})
    assert "Write the number in figures alone" in desk.text
    box = desk.page.select_one("#n_invited")
    assert box is not None
    assert box["value"] == "mange"


def test_what_is_left_to_mend_shrinks_as_it_is_mended(desk: Desk) -> None:
    desk.begin_order()
    desk.send("#order", button={"go": "check"})
    before = len(desk.page.select("#problems li"))
    answer = desk.partial(desk.at(), {"save": "1", "checked": "1", "leader_name": "Ola"})
    assert f"{before - 1} things are missing or wrong" in answer
    assert "autofocus" not in answer, "the focus stays where somebody types"


def test_choosing_themes_changes_the_minutes(desk: Desk) -> None:
    desk.begin_order()
    few = re.search(r"about <strong>(\d+) minutes", desk.html)
    answer = desk.partial(desk.at(), MultiDict([("save", "1"), *(("extra_themes", theme) for theme in THEMES)]))
    many = re.search(r"about <strong>(\d+) minutes", answer)
    assert few
    assert many
    assert int(many[1]) > int(few[1])


def test_every_theme_says_what_it_is_and_what_it_costs(desk: Desk) -> None:
    desk.begin_order()
    options = desk.page.select(".option")
    assert [str(option.input["value"]) for option in options if option.input] == THEMES
    assert all(re.search(r"\+ about (half a minute|1 minute|\d minutes)", option.get_text()) for option in options)


def test_definitions_stand_beside_what_they_are_for(desk: Desk) -> None:
    desk.begin_order()
    assert "Usually it is the person who holds your yearly development talk with you." in desk.text
    assert "My nearest leader helps me when I am stuck." in desk.text


def test_language_is_switched_without_losing_what_was_typed(web: Flask, desk: Desk) -> None:
    desk.begin_order()
    desk.send("#order", button={"language": "nb"}, **FILLED)
    assert desk.page.html is not None
    assert desk.page.html["lang"] == "nb"
    assert stored(web, desk.order_id).leader_name == FILLED["leader_name"]


def test_going_to_the_list_saves_first(web: Flask, desk: Desk) -> None:
    desk.begin_order()
    desk.send("#order", button={"go": "unit_list"}, **FILLED)
    assert desk.path == desk.at("unit-list")
    assert stored(web, desk.order_id).leader_name == FILLED["leader_name"]


# --- Checking and sending --------------------------------------------------------------------------------------------


def test_all_problems_are_told_at_once_with_a_link_to_each(desk: Desk) -> None:
    desk.begin_order(n_invited="3")
    desk.send("#order", button={"go": "check"}, first_on="31.2.2026", unit_nb="Bare norsk")
    assert desk.status == 422
    box = desk.page.select_one("#problems")
    assert box is not None
    assert (box["tabindex"], box.has_attr("autofocus")) == ("-1", True)
    targets = [str(link["href"])[1:] for link in box.select("a")]
    assert targets == [
        *("contact_email", "leader_name", "leader_email", "n_invited", "first_on", "last_on"),
        *("unit_list", "unit_en"),
    ]
    assert all(desk.page.select_one(f"#{target}") for target in targets)
    assert "Choose the first day." not in desk.text, "what was typed wrongly is not also missing"


def test_every_problem_is_worded() -> None:
    instrument = load_instrument(CURRENT_VERSION)
    long = {"nb": "x" * 3_000, "en": "x" * 3_000}
    today = date(2026, 10, 1)
    bad = OrderContent(
        "x" * 101, "x", "x" * 101, "x", 1, today, today - timedelta(days=1), ("nix",),
        {"unit": long, "nearest_leader": long}, long,
    )  # fmt: skip
    one = {"nb": "x"}
    orders = [
        OrderContent(),
        bad,
        replace(
            bad, last_on=today + timedelta(days=90), definitions={"unit": one, "nearest_leader": one}, invitation=one
        ),
        replace(bad, first_on=today - timedelta(days=1)),
    ]
    found = {problem for order in orders for problem in find_problems(order, None, instrument, today)}
    found |= {Problem("unit_list", "errors"), *(Problem(name, "no_day") for name in ("first_on", "last_on"))}
    found |= {
        Problem("n_invited", "no_number"),
        *(Problem(f"{who}_email", "too_long") for who in ("contact", "leader")),
    }
    for problem in found:
        assert problem.field in wording.FIELDS
        assert not re.search(r"%|\(", wording.describe_problem(problem)), problem
    assert {(problem.field, problem.code) for problem in found} == set(wording.PROBLEMS)
    assert set(MILESTONES) == set(Milestone)


@pytest.mark.usefixtures("desk")
def test_limits_in_words_are_those_of_the_rules(web: Flask) -> None:
    with web.test_request_context():
        text = wording.describe_problem(Problem("n_invited", "out_of_range"))
    assert str(Limits().k_means) in text


@BOTH
def test_order_is_checked_shown_sent_and_told(web: Flask, desk: Desk) -> None:
    complete(desk)
    desk.send("#order", button={"go": "check"})
    assert (desk.status, desk.path) == (200, desk.at("send"))
    for expected in ("Ingrid Sætervik", "12–25 October 2026", "93", "4 units, 2 levels"):
        assert expected in desk.text
    assert state(web, desk.order_id) is State.DRAFT
    desk.send("main form")
    assert desk.path == desk.at()
    assert desk.heading == "The order waits for signature"
    assert [line.strong.get_text() for line in desk.page.select(".trail li") if line.strong][-1] == "Sent the order"
    assert state(web, desk.order_id) is State.SUBMITTED
    with web.app_context():
        mails = session().scalars(select(Mail)).all()
        assert {mail.recipient for mail in mails} == {"ingrid@example.no"}
        assert len(mails) == 3


def test_order_that_is_no_longer_right_when_it_is_sent_goes_back_to_the_form(
    web: Flask, desk: Desk, clock: HandClock
) -> None:
    complete(desk)
    desk.send("#order", button={"go": "check"})
    token = desk.token
    clock.now = ACCESS + timedelta(days=20)
    desk.enter()
    desk.get("/organisation/")
    answer = desk.client.post(desk.at("send"), data={"csrf_token": desk.token or token})
    assert answer.status_code == 422
    assert 'id="problems"' in answer.text
    assert state(web, desk.order_id) is State.DRAFT
    with web.app_context():
        assert not session().scalars(select(Mail)).all()
    desk.get(desk.at("send"))
    assert desk.path == desk.at(), "nothing to confirm as long as something is wrong"


@pytest.mark.parametrize("reached", [State.SUBMITTED, State.SIGNED])
def test_sent_order_shows_what_was_ordered_and_who_is_next(web: Flask, desk: Desk, reached: State) -> None:
    with web.app_context():
        desk.order_id = order_in(reached)
    desk.get(desk.at())
    assert desk.page.select_one("#order") is None
    assert "8–21 October 2026" in desk.text
    assert desk.page.select_one(".timetable") is not None
    current = desk.page.select_one("[aria-current=step]")
    assert current is not None
    assert current.get_text() == ("Signature" if reached is State.SUBMITTED else "Approval")
    assert "Read and sign" not in desk.text
    links = [str(field["value"]) for field in desk.page.select("input[data-copy]")]
    assert links == ([f"http://127.0.0.1:8000{desk.at('agreement')}"] if reached is State.SUBMITTED else [])


def test_contact_person_who_may_sign_can_do_it_at_once(web: Flask, rights: Rights) -> None:
    rights.of[PEOPLE[CONTACT][1]][OURS] = BOTH_RIGHTS
    desk = Desk(web).enter()
    with web.app_context():
        desk.order_id = order_in(State.SUBMITTED)
    desk.get(desk.at())
    assert f"/organisation/orders/{desk.order_id}/agreement" in desk.html


@pytest.mark.parametrize("reached", [State.OPEN, State.CLOSED, State.REPORTED, State.DELETED])
def test_approved_order_leads_to_the_portal(web: Flask, desk: Desk, reached: State) -> None:
    with web.app_context():
        desk.order_id = order_in(reached)
        with web.test_request_context():
            portal = url_for("portal.show", order_id=desk.order_id)
    answer = desk.fetch("")
    assert (answer.status_code, answer.headers["Location"]) == (303, portal)


@pytest.mark.parametrize("reached", [State.SUBMITTED, State.SIGNED, State.OPEN])
def test_order_that_was_sent_cannot_be_changed_from_an_old_tab(web: Flask, desk: Desk, reached: State) -> None:
    with web.app_context():
        desk.order_id = order_in(reached)
    data = {"csrf_token": desk.token, "contact_name": "Ny"}
    assert desk.client.post(desk.at(), data=data).status_code == 409
    assert desk.client.post(desk.at("discard"), data=data).status_code == 409
    assert desk.client.post(desk.at("send"), data=data).status_code == 409
    for step in ("send", "discard", "unit-list"):
        assert desk.fetch(step).status_code == 404
    assert stored(web, desk.order_id).contact_name == PEOPLE[CONTACT][0]


def test_order_that_was_sent_back_says_why_and_can_be_sent_again(web: Flask, desk: Desk) -> None:
    with web.app_context():
        desk.order_id = order_in(State.REJECTED, reason="Avdeling <C> mangler.\nSe over.")
    desk.get(desk.at())
    assert "Avdeling <C> mangler." in desk.text
    desk.send("#order", button={"go": "check"})
    assert "Avdeling <C> mangler." not in desk.text
    desk.get(desk.at())
    assert "Avdeling <C> mangler." in desk.text, "also while it is a draft again"
    desk.get(desk.at("send"))
    desk.send("main form")
    assert state(web, desk.order_id) is State.SUBMITTED


def test_order_is_deleted_only_after_a_question(web: Flask, desk: Desk) -> None:
    complete(desk)
    desk.get(desk.at("discard"))
    assert "cannot be undone" in desk.text
    with web.app_context():
        assert find_order(session(), desk.order_id) is not None
    desk.send("main form")
    assert (desk.path, "The order is deleted." in desk.text) == ("/organisation/", True)
    with web.app_context():
        assert find_order(session(), desk.order_id) is None
        assert session().scalars(select(UploadedList)).all() == []


# --- Dates -----------------------------------------------------------------------------------------------------------


def test_timetable_is_proposed_and_can_be_taken_into_a_calendar(desk: Desk) -> None:
    desk.begin_order()
    assert desk.page.select_one(".timetable") is None
    desk.send("#order", button={"go": "draft"}, **FILLED)
    lines = desk.page.select(".timetable li")
    answer = desk.fetch("timetable.ics")
    assert answer.mimetype == "text/calendar"
    assert answer.text.count("BEGIN:VEVENT") == len(lines) == 9
    assert "Prøvetilsynet" not in answer.headers["Content-Disposition"]
    assert len(set(re.findall(r"UID:(\S+)", answer.text))) == 9


def standings(page: BeautifulSoup) -> dict[str, str]:
    """Part of the form -> how it stands."""
    return {str(part.a["href"]): part.span.get_text() for part in page.select("#parts li") if part.a and part.span}


def test_parts_of_the_form_say_what_is_left_to_do(desk: Desk) -> None:
    desk.begin_order()
    found = standings(desk.page)
    assert [name for name, standing in found.items() if standing == "To be filled in"] == [
        "#part-contact",
        "#part-leader",
        "#part-period",
        "#part-list",
    ]
    assert all(desk.page.select_one(place) for place in found), "each leads to a heading"
    assert {field for _, fields in wording.PARTS.values() for field in fields} == set(wording.FIELDS)
    answer = desk.partial(desk.at(), {"save": "1", "leader_name": "Ola", "leader_email": "ola@example.no"})
    assert standings(BeautifulSoup(answer, "html.parser"))["#part-leader"] == "Done"
    answer = desk.partial(desk.at(), {"save": "1", "n_invited": "many"})
    assert standings(BeautifulSoup(answer, "html.parser"))["#part-employees"] == "To be filled in"
    desk.get("/organisation/")
    complete(desk)
    assert set(standings(desk.page).values()) == {"Done", "Optional"}


@pytest.mark.parametrize(
    ("first_on", "said"),
    [
        ("2026-10-10", "at a weekend: Saturday, 10 October 2026"),
        ("2026-12-25", "a public holiday: Friday, 25 December 2026"),
        ("2026-10-12", ""),
    ],
)
def test_first_day_off_is_remarked_on_and_not_refused(desk: Desk, first_on: str, said: str) -> None:
    complete(desk, first_on=first_on, last_on="2027-01-08" if "-12-" in first_on else "2026-10-25")
    remark = desk.page.select_one("#first_on-remark")
    assert remark is not None
    assert said in remark.get_text()
    assert bool(remark.get_text(strip=True)) == bool(said)
    answer = desk.partial(desk.at(), {"save": "1", "first_on": first_on})
    assert desk.status == 200
    assert said in answer
    desk.get(desk.at())
    desk.send("#order", button={"go": "check"})
    assert desk.path == desk.at("send"), "nothing stops it"
    assert said in desk.text
    assert ("You can keep the day" in desk.text) == bool(said)


def test_names_stay_when_the_period_is_moved(desk: Desk) -> None:
    desk.begin_order(**FILLED)
    before = re.findall(r"UID:(\S+)", desk.fetch("timetable.ics").text)
    desk.send("#order", button={"go": "draft"}, first_on="2026-11-02", last_on="2026-11-15")
    assert sorted(re.findall(r"UID:(\S+)", desk.fetch("timetable.ics").text)) == sorted(before)


@pytest.mark.parametrize("last_on", ["2026-10-11", "2027-10-12"])
def test_period_that_is_none_has_no_timetable(desk: Desk, last_on: str) -> None:
    desk.begin_order(**{**FILLED, "last_on": last_on})
    assert desk.page.select_one(".timetable") is None
    assert "VEVENT" not in desk.fetch("timetable.ics").text


# --- Rights ----------------------------------------------------------------------------------------------------------


def test_visitor_whose_time_ran_out_is_sent_to_the_login(desk: Desk, clock: HandClock) -> None:
    desk.begin_order()
    token = desk.token
    clock.pass_by(hours=3)
    answer = desk.partial(desk.at(), {"csrf_token": token, "save": "1"})
    assert (desk.status, answer) == (204, "")


def test_what_was_typed_when_the_login_had_run_out_is_saved_at_the_next(
    web: Flask, desk: Desk, clock: HandClock
) -> None:
    desk.begin_order(leader_name="Ola Strandnes")
    clock.pass_by(minutes=31)
    desk.send("#order", button={"go": "draft"}, contact_email="kari@example.no", n_invited="mange", unit_nb="Æ" * 400)
    assert desk.path == "/organisation/login"
    desk.send(person=str(CONTACT))
    assert desk.path == desk.at()
    assert "What you typed in the meantime has now been saved" in desk.text
    values = {name: desk.page.select_one(f"#{name}")["value"] for name in ("contact_email", "leader_name", "n_invited")}  # type: ignore[index]
    assert values == {"contact_email": "kari@example.no", "leader_name": "Ola Strandnes", "n_invited": "mange"}
    with web.app_context():
        order = session().get_one(Order, desk.order_id)
        assert (order.contact_email, order.leader_name) == ("kari@example.no", "Ola Strandnes")
        assert order.definitions["unit"]["nb"] == "Æ" * 400
    desk.get(desk.at())
    assert "in the meantime" not in desk.text


def test_what_was_typed_is_for_nobody_else_and_only_as_much_as_fits(
    web: Flask, desk: Desk, clock: HandClock, rights: Rights
) -> None:
    rights.of[PEOPLE[LEADER][1]] = {OURS: BOTH_RIGHTS}
    desk.begin_order()
    clock.pass_by(minutes=31)
    desk.send("#order", button={"go": "draft"}, contact_email="kari@example.no")
    desk.send(person=str(LEADER))
    assert "in the meantime" not in desk.text
    clock.pass_by(minutes=31)
    noise = "".join(chr(0x4E00 + (i * 7919) % 20000) for i in range(1900))
    desk.send("#order", button={"go": "draft"}, invitation_nb=noise)
    desk.send(person=str(LEADER))
    assert desk.path == desk.at()
    cookie = desk.client.get_cookie("must-organisation", path="/organisation")
    assert cookie is not None
    assert len(cookie.value) < 4000


def test_right_to_sign_is_no_right_to_order(web: Flask, rights: Rights) -> None:
    rights.of[PEOPLE[LEADER][1]] = {OURS: frozenset({Right.SIGN})}
    desk = Desk(web).enter(LEADER)
    answer = desk.client.post("/organisation/orders", data={"csrf_token": desk.token, "organisation_number": OURS})
    assert answer.status_code == 404
