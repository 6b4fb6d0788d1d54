"""The contact person's page of a survey: how it stands, what to share, closing, reports."""

from __future__ import annotations

import email
import email.policy
import hashlib
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from icalendar import Calendar
from sqlalchemy import select

from app.adapters.storage import Storage
from app.db.orders import Mail, Order
from app.db.surveys import Survey
from app.domain.fiction import CONTACT, LEADER
from app.domain.survey import Audience, State
from app.extensions import session
from app.services.audit import Actor, Event, list_trail, record
from app.web.portal import reports
from tests.people import ACCESS, Trial
from tests.web.client import LANGUAGES, check_fragment
from tests.web.conftest import BOTH, HandClock
from tests.web.ordering import STRANGER, Desk, furnish, order_in

UNITS = (("Ås",), ("Ærlighet",), ("Østre",), ("A", "A1"), ("A",), ("Zulu",))


@pytest.fixture
def desk(web: Flask, clock: HandClock) -> Desk:
    furnish(web)
    return Desk(web)


def place(web: Flask, desk: Desk, state: State, person: int = CONTACT) -> Desk:
    with web.app_context():
        desk.order_id = order_in(state)
    return desk.enter(person)


def publish(web: Flask, desk: Desk, units: tuple[tuple[str, ...], ...] = UNITS) -> Path:
    """A set with small files, as `flask build-reports` would name them."""
    folder = Path(web.config["SETTINGS"].reports_url, desk.order_id, "first")
    names = {}
    for place, unit in enumerate([(), *units]):
        stem = f"{place:02d} {' - '.join(unit) or 'Prøvetilsynet'}"
        names[unit] = {language: f"{language}/{stem} ({language})" for language in LANGUAGES}
    files = [f"{stem}{ending}" for of in names.values() for stem in of.values() for ending in (".pdf", ".html")]
    files += [f"{names[()][language]}.xlsx" for language in LANGUAGES]
    files += ["nb/Veiledning til møtet (nb).pdf", "audit.json"]
    for language in LANGUAGES:
        (folder / language).mkdir(parents=True)
    for name in files:
        (folder / name).write_bytes(f"content of {name}".encode())
    (folder / "secret.txt").write_text("nothing for anybody")
    manifest = {
        "reports": [{"unit": unit, "n_answers": 9, "n_included": 8, "files": of} for unit, of in names.items()],
        "sha256": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder.parent / "published.json").write_text(json.dumps({"set": "first"}))
    with zipfile.ZipFile(folder / "reports.zip", "w") as archive:
        archive.writestr("manifest.json", "{}")
    return folder


def answers(web: Flask, desk: Desk, serials: range, clock: HandClock) -> None:
    with web.app_context():
        trial = Trial(session().get_one(Survey, desk.order_id), clock.now)
        for serial in serials:
            trial.answer(serial)
        session().expunge_all()


def events(web: Flask, desk: Desk) -> list[str]:
    with web.app_context():
        return [line.event for line in list_trail(session(), desk.order_id)]


# --- How the survey stands -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_open_survey_shows_everything_that_is_needed(web: Flask, desk: Desk, language: str) -> None:
    place(web, desk, State.OPEN)
    page = desk.get(desk.at("survey"), language=language)
    link = page.select_one("#link")
    assert link is not None
    with web.app_context():
        code = session().get_one(Survey, desk.order_id).code
    assert link["value"] == f"{web.config['SETTINGS'].public_url}/s/{code}"
    assert link.has_attr("readonly")
    assert page.select_one(".qr svg")
    assert page.select_one(f"a[href='/s/{code}/preview']")
    for told in ("11 November", "10 December") if language == "en" else ("11. november 2026", "10. desember 2026"):
        assert told in desk.text
    assert len(page.select(".timetable li")) == 9
    assert len(page.select(".timetable [aria-current], .timetable li[aria-current]")) == 1


@pytest.mark.parametrize(
    ("days", "told", "first"),
    [
        (0, "it works already", "Link to the survey"),
        (12, "remind them a few times", "Number of answers"),
        (26, "The deadline was", "Close the survey"),
    ],
)
def test_page_says_what_to_do_next(web: Flask, desk: Desk, clock: HandClock, days: int, told: str, first: str) -> None:
    place(web, desk, State.OPEN)
    clock.pass_by(days=days)
    desk.enter()
    desk.get(desk.at("survey"))
    assert told in desk.text
    headings = [heading.get_text() for heading in desk.page.select("main h2")]
    assert headings[0] == first
    assert len(headings) == len(set(headings)) == 5, "each part once"


@pytest.mark.parametrize("state", [State.DRAFT, State.SUBMITTED, State.SIGNED, State.REJECTED])
def test_without_access_the_order_is_shown(web: Flask, desk: Desk, state: State) -> None:
    place(web, desk, state)
    for step in ("survey", "survey/close", "survey/qr.svg", "reports"):
        assert desk.fetch(step).headers["Location"] == desk.at()


def test_time_alone_closes_and_deletes(web: Flask, desk: Desk, clock: HandClock) -> None:
    place(web, desk, State.OPEN)
    clock.now = datetime(2026, 11, 11, 23, 10, tzinfo=UTC)
    desk.enter()
    desk.get(desk.at("survey"))
    assert desk.heading == "The survey is closed"
    assert "can finish until 00:30" in desk.text
    clock.pass_by(minutes=25)
    desk.get(desk.at("survey"))
    assert "can finish until" not in desk.text
    assert "usually within a week" in desk.text
    clock.now = ACCESS + timedelta(weeks=10)
    desk.enter()
    desk.get(desk.at("survey"))
    assert desk.heading == "Answers and reports are deleted"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", [State.CLOSED, State.REPORTED, State.DELETED])
def test_every_later_state_has_its_page(web: Flask, desk: Desk, state: State, language: str) -> None:
    publish(web, place(web, desk, state))
    if state is State.CLOSED:
        with web.app_context():
            session().get_one(Survey, desk.order_id).closed_at = ACCESS
            session().commit()
    page = desk.get(desk.at("survey"), language=language)
    assert desk.status == 200
    assert not page.select("#link")
    assert not page.select("[hx-get]")
    assert bool(page.select(f"main a[href='{desk.at('reports')}']")) == (state is State.REPORTED)
    for step in ("survey/close", "survey/qr.svg", "survey/poster.pdf", "survey/invitations"):
        assert desk.fetch(step).headers["Location"] == desk.at("survey")


def test_trail_says_who_did_what_but_not_why_staff_withheld(web: Flask, desk: Desk, clock: HandClock) -> None:
    place(web, desk, State.OPEN)
    with web.app_context():
        staff = Actor(Audience.STAFF, "Stab")
        record(session(), desk.order_id, staff, Event.WITHHELD, clock.now, unit="A / A1", reason="hemmelig")
        session().commit()
    page = desk.get(desk.at("survey"))
    trail = [" ".join(line.get_text(" ", strip=True).split()) for line in page.select(".trail li")]
    assert len(trail) == len(events(web, desk)) - 1
    assert any("Ingrid Sætervik" in line and "Direktør" in line for line in trail)
    assert "hemmelig" not in desk.html


def test_what_was_ordered_is_there(web: Flask, desk: Desk) -> None:
    place(web, desk, State.OPEN)
    with web.app_context():
        survey = session().get_one(Survey, desk.order_id)
        survey.definitions = {"unit": {"nb": "Seksjonen din.", "en": "Your section."}}
        session().commit()
    desk.get(desk.at("survey"))
    for told in ("8–21 October 2026", "Your section.", "Seksjonen din.", "Jonas Elvebakk", "40"):
        assert told in desk.text
    assert "“Nearest leader”" not in desk.text


# --- The number of answers -----------------------------------------------------------------------------------------


def test_number_moves_in_steps_and_once_an_hour(web: Flask, desk: Desk, clock: HandClock) -> None:
    place(web, desk, State.OPEN)
    answers(web, desk, range(4), clock)
    desk.get(desk.at("survey"))
    assert "fewer than 5 of 40 invited" in desk.text
    answers(web, desk, range(4, 9), clock)
    clock.pass_by(minutes=20)
    desk.get(desk.at("survey"))
    assert "fewer than 5 of 40 invited" in desk.text
    clock.pass_by(minutes=40)
    desk.enter().get(desk.at("survey"))
    assert "5 of 40 invited – about 12%" in desk.text
    answers(web, desk, range(9, 10), clock)
    desk.get(desk.at("survey"))
    assert "5 of 40 invited" in desk.text
    clock.pass_by(hours=1)
    desk.enter().get(desk.at("survey"))
    assert "10 of 40 invited – about 25%" in desk.text


def test_number_is_asked_for_by_itself_and_is_a_part_of_the_page(web: Flask, desk: Desk) -> None:
    place(web, desk, State.OPEN)
    page = desk.get(desk.at("survey"))
    region = page.select_one("[aria-live=polite]")
    assert region is not None
    assert region["hx-get"] == desk.at("survey")
    fragment = desk.partial(desk.at("survey"))
    check_fragment(BeautifulSoup(fragment, "html.parser"))
    assert fragment.strip() in desk.html


def test_asking_by_itself_keeps_nobody_logged_in(web: Flask, desk: Desk, clock: HandClock) -> None:
    place(web, desk, State.OPEN)
    desk.get(desk.at("survey"))
    for _ in range(6):
        clock.pass_by(minutes=6)
        desk.partial(desk.at("survey"))
    assert desk.status == 204
    desk.get(desk.at("survey"))
    assert desk.path == "/organisation/login"


def test_page_that_is_open_when_the_survey_closes_is_loaded_anew(web: Flask, desk: Desk) -> None:
    place(web, desk, State.CLOSED)
    desk.get(desk.at("survey"))
    with web.app_context():
        session().get_one(Survey, desk.order_id).closed_at = ACCESS
        session().commit()
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    answer = desk.client.get(desk.at("survey"), headers=headers)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, desk.at("survey"))


# --- What is shared ------------------------------------------------------------------------------------------------


def test_qr_code_and_poster_are_files(web: Flask, desk: Desk) -> None:
    place(web, desk, State.OPEN)
    svg, pdf = desk.fetch("survey/qr.svg"), desk.fetch("survey/poster.pdf")
    assert svg.mimetype == "image/svg+xml"
    assert svg.data.startswith(b"<svg")
    assert pdf.mimetype == "application/pdf"
    assert pdf.data.startswith(b"%PDF")
    for answer in (svg, pdf):
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=must-")
        answer.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_hold_organisation_link_deadline_and_own_words(web: Flask, desk: Desk, language: str) -> None:
    place(web, desk, State.OPEN)
    with web.app_context():
        session().get_one(Order, desk.order_id).invitation = {"nb": "Møt opp <nå>!", "en": "Do <come>!"}
        session().commit()
    page = desk.get(desk.at("survey/invitations"), language=language)
    texts = {str(area["id"]): area.get_text() for area in page.select("textarea")}
    assert len(texts) == 4 * len(LANGUAGES)
    assert "Møt opp <nå>!" in texts["invitation-nb-text"]
    assert "Do <come>!" in texts["intranet-en-text"]
    assert "Do <come>!" not in texts["reminder-en-text"]
    for text in texts.values():
        assert "/s/" in text
    assert "21. oktober 2026" in texts["reminder-nb-text"]
    assert all(area.has_attr("readonly") for area in page.select("textarea"))
    for target in page.select(f"main a[href^='{desk.at('survey/invitations/')}']"):
        answer = desk.client.get(str(target["href"]))
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=must-")
        answer.close()


def test_html_file_and_draft_hold_the_text(web: Flask, desk: Desk) -> None:
    place(web, desk, State.OPEN)
    page = desk.fetch("survey/invitations/nb/invitation.html")
    assert page.mimetype == "text/html"
    assert "Prøvetilsynet" in page.text
    draft = desk.fetch("survey/invitations/last_reminder.eml")
    message = email.message_from_bytes(draft.data, policy=email.policy.default)
    assert message["X-Unsent"] == "1"
    assert "21 October 2026" in message["Subject"]
    assert desk.fetch("survey/invitations/xx/invitation.html").status_code == 404
    assert desk.fetch("survey/invitations/other.eml").status_code == 404
    page.close()
    draft.close()


def test_dates_go_into_the_calendar_all_or_one(web: Flask, desk: Desk) -> None:
    place(web, desk, State.OPEN)
    page = desk.get(desk.at("survey"), language="nb")
    whole = desk.fetch("survey/timetable.ics")
    calendar = Calendar.from_ical(whole.data)
    uids = {str(event["uid"]) for event in calendar.walk("VEVENT")}
    assert len(uids) == 9
    singles = [str(link["href"]) for link in page.select(".timetable a")]
    assert len(singles) == 9
    found = set()
    for address in singles:
        answer = desk.client.get(address)
        assert answer.mimetype == "text/calendar"
        (event,) = Calendar.from_ical(answer.data).walk("VEVENT")
        found.add(str(event["uid"]))
        answer.close()
    assert found == uids
    assert desk.fetch("survey/timetable/lunch-1.ics").status_code == 404
    whole.close()


@pytest.mark.parametrize("state", [State.DRAFT, State.SUBMITTED, State.REJECTED, State.SIGNED, State.DELETED])
def test_contact_person_has_the_signed_copy_once_it_is_signed(web: Flask, desk: Desk, state: State) -> None:
    place(web, desk, state)
    answer = desk.fetch("survey/agreement.pdf")
    is_signed = state in (State.SIGNED, State.DELETED)
    assert answer.status_code == (200 if is_signed else 404)
    assert answer.data.startswith(b"%PDF") == is_signed
    answer.close()


# --- Closing -------------------------------------------------------------------------------------------------------


@BOTH
def test_name_of_the_organisation_closes_for_good(web: Flask, desk: Desk, clock: HandClock) -> None:
    place(web, desk, State.OPEN)
    desk.get(desk.at("survey/close"))
    assert "has not passed" in desk.text
    assert "30 minutes" in desk.text
    desk.send(confirm="Prøvetilsyn")
    assert desk.status == 422
    assert "still open" in desk.text
    desk.send(confirm="  prøvetilsynet ")
    assert desk.path == desk.at("survey")
    assert desk.heading == "The survey is closed"
    assert "can finish until 10:30" in desk.text
    with web.app_context():
        survey = session().get_one(Survey, desk.order_id)
        assert (survey.state, survey.closed_at) == ("closed", clock.now)
        kinds = set(session().scalars(select(Mail.kind).where(Mail.survey_id == survey.id)))
    assert "survey_closed" in kinds
    assert "closing_warning" not in kinds
    assert events(web, desk)[-1] == "closed"


def test_survey_that_was_closed_meanwhile_is_told(web: Flask, desk: Desk) -> None:
    place(web, desk, State.OPEN)
    desk.get(desk.at("survey/close"))
    late = Desk(web)
    late.order_id = desk.order_id
    late.enter().get(desk.at("survey/close"))
    desk.send(confirm="Prøvetilsynet")
    late.send(confirm="Prøvetilsynet")
    assert late.status == 409
    assert "It closed on 1 October 2026 at 10:00" in late.text
    assert events(web, desk).count("closed") == 1


def test_button_comes_too_late_when_the_six_weeks_have_run_out(web: Flask, desk: Desk, clock: HandClock) -> None:
    place(web, desk, State.OPEN)
    clock.now = datetime(2026, 11, 11, 22, 50, tzinfo=UTC)
    desk.enter().get(desk.at("survey/close"))
    assert "has not passed" not in desk.text
    clock.pass_by(minutes=15)
    desk.send(confirm="Prøvetilsynet", language="nb")
    assert desk.status == 409
    assert "closed" not in events(web, desk)


# --- Reports -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_reports_are_listed_in_norwegian_order_with_every_file(web: Flask, desk: Desk, language: str) -> None:
    folder = publish(web, place(web, desk, State.REPORTED))
    page = desk.get(desk.at("reports"), language=language)
    listed = [item.get_text(" ", strip=True).split(" 8 ")[0] for item in page.select("#found .report-name")]
    assert listed == ["A", "A › A1", "Zulu", "Ærlighet", "Østre", "Ås"]
    assert [link["hreflang"] for link in page.select("#found .report-files a")][:2] == [language] * 2
    links = {str(link["href"]) for link in page.select(f"main a[href^='{desk.at('reports/')}']")}
    handed_out = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    handed_out -= {"secret.txt"}
    assert links == {f"{desk.at('reports')}/{quote(name, safe='/()')}" for name in handed_out}
    assert "Veiledning til møtet" in desk.text


def test_search_is_sent_as_a_form_and_finds_parts_of_the_path(web: Flask, desk: Desk) -> None:
    units = tuple((f"Avdeling {number}", name) for number in range(6) for name in ("Øst", "Vest"))
    publish(web, place(web, desk, State.REPORTED), units)
    desk.get(desk.at("reports"))
    desk.send("form[role=search]", search="øst AVDELING 3")
    assert "1 unit found." in desk.text
    assert "Avdeling 3 › Øst" in desk.text
    assert "Avdeling 4" not in desk.text
    fragment = desk.partial(desk.at("reports"), {"search": "vest"})
    check_fragment(BeautifulSoup(fragment, "html.parser"))
    assert "6 units found." in fragment
    desk.send("form[role=search]", search="sør")
    assert "0 units found." in desk.text


def test_long_list_is_shown_piece_by_piece(web: Flask, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "STEP", 4)
    publish(web, place(web, desk, State.REPORTED))
    assert len(desk.get(desk.at("reports")).select("#found .report-name")) == 4
    desk.send("#found form")
    assert len(desk.page.select("#found .report-name")) == 6
    assert not desk.page.select("#found form")
    token = desk.token
    for n in ("-3", "0", "x", "9" * 30):
        assert desk.client.post(desk.at("reports"), data={"csrf_token": token, "n": n}).status_code == 200


def test_set_without_reports_says_why(web: Flask, desk: Desk) -> None:
    folder = publish(web, place(web, desk, State.REPORTED))
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"reports": [], "sha256": {}}))
    for page in ("reports", "survey"):
        desk.get(desk.at(page))
        assert "Fewer than 5 employees answered" in desk.text
        assert "then everything here is deleted" not in desk.text
    assert desk.page.h1.get_text() == "There is no report"
    assert "The answers are deleted on" in desk.text


TYPES: Mapping[str, str] = {
    "nb/00 Prøvetilsynet (nb).pdf": "application/pdf",
    "en/02 Ærlighet (en).html": "text/html; charset=utf-8",
    "nb/00 Prøvetilsynet (nb).xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "reports.zip": "application/zip",
    "manifest.json": "application/json",
}


@pytest.mark.parametrize("name", TYPES)
def test_file_is_handed_out_to_be_kept_and_leaves_a_line(web: Flask, desk: Desk, name: str) -> None:
    folder = publish(web, place(web, desk, State.REPORTED))
    answer = desk.fetch(f"reports/{quote(name)}")
    assert answer.data == (folder / name).read_bytes()
    assert answer.headers["Content-Type"] == TYPES[name]
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment; ")
    leaf = name.rsplit("/", 1)[-1]
    assert leaf in disposition or f"filename*=UTF-8''{quote(leaf)}" in disposition
    assert answer.headers["Cache-Control"] == "no-store"
    answer.close()
    with web.app_context():
        line = list_trail(session(), desk.order_id)[-1]
        assert (line.event, line.name) == ("downloaded", "Jonas Elvebakk")
        assert line.details == {"file": name.rsplit(".", 1)[-1]}


def test_parts_are_handed_out_and_count_once(web: Flask, desk: Desk) -> None:
    folder = publish(web, place(web, desk, State.REPORTED))
    address, whole = desk.at("reports/reports.zip"), (folder / "reports.zip").read_bytes()
    parts = []
    for wanted in ("bytes=0-9", "bytes=10-19", "bytes=20-"):
        answer = desk.client.get(address, headers={"Range": wanted})
        assert answer.status_code == 206
        parts.append(answer.data)
        answer.close()
    assert b"".join(parts) == whole
    desk.client.head(address).close()
    answer = desk.client.get(address, headers={"Range": "bytes=99999-"})
    assert answer.status_code == 416
    answer.close()
    assert events(web, desk).count("downloaded") == 1
    with zipfile.ZipFile(BytesIO(whole)) as archive:
        assert archive.namelist() == ["manifest.json"]


def test_files_come_from_s3_like_storage_just_as_well(web: Flask, desk: Desk, s3: str) -> None:
    folder = publish(web, place(web, desk, State.REPORTED))
    storage = web.extensions["report_storage"] = Storage(f"{s3}/portal")
    names = [path.relative_to(folder.parent).as_posix() for path in folder.parent.rglob("*") if path.is_file()]
    storage.put(folder.parent, names, desk.order_id)
    desk.get(desk.at("reports"))
    assert "Ærlighet" in desk.text
    name = "en/02 Ærlighet (en).html"
    whole = (folder / name).read_bytes()
    answer = desk.fetch(f"reports/{quote(name)}")
    assert answer.data == whole
    again = desk.client.get(answer.request.path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    part = desk.client.get(desk.at(f"reports/{quote(name)}"), headers={"Range": "bytes=3-"})
    assert (part.status_code, part.data) == (206, whole[3:])
    web.extensions["report_storage"] = Storage("/dev/null/reports")
    assert desk.fetch(f"reports/{quote(name)}").status_code == 503
    web.extensions["report_storage"] = storage
    storage.delete(f"{desk.order_id}/first/{name}")
    assert desk.fetch(f"reports/{quote(name)}").status_code == 404


HIDDEN = (
    "secret.txt",
    "../manifest.json",
    "nb/../secret.txt",
    "%2e%2e/manifest.json",
    "nb/%2e%2e/secret.txt",
    "nb%2f..%2fsecret.txt",
    "..%5cmanifest.json",
    "%252e%252e/manifest.json",
    "/etc/passwd",
    "%2fetc/passwd",
    "nb/",
    "manifest.json/",
    "manifest.json%00.pdf",
    ".unfinished/.lock",
)


@pytest.mark.parametrize("name", HIDDEN)
def test_nothing_else_can_be_fetched(web: Flask, desk: Desk, name: str) -> None:
    folder = publish(web, place(web, desk, State.REPORTED))
    (folder.parent / "manifest.json").write_text("{}")
    answer = desk.client.get(f"{desk.at('reports')}/{name}", follow_redirects=True)
    assert answer.status_code == 404
    assert "downloaded" not in events(web, desk)


def test_manifest_that_names_more_hands_out_no_more(web: Flask, desk: Desk) -> None:
    """Should a manifest ever be wrong: what is outside the folder stays there."""
    folder = publish(web, place(web, desk, State.REPORTED))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"] |= {"../outside.json": "", "nb/gone.pdf": ""}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder.parent / "outside.json").write_text("{}")
    for name in ("%2e%2e/outside.json", "nb/gone.pdf"):
        assert desk.fetch(f"reports/{name}").status_code == 404


@pytest.mark.parametrize("state", [State.OPEN, State.CLOSED, State.DELETED])
def test_files_are_there_only_while_they_are_published(web: Flask, desk: Desk, state: State) -> None:
    publish(web, place(web, desk, state))
    assert desk.fetch("reports/manifest.json").status_code == 404
    assert desk.fetch("reports").headers["Location"] == desk.at("survey")


def test_after_the_day_of_deletion_nothing_is_handed_out_even_if_no_job_has_run(
    web: Flask, desk: Desk, clock: HandClock
) -> None:
    publish(web, place(web, desk, State.REPORTED))
    clock.now = ACCESS + timedelta(weeks=10)
    desk.enter()
    assert desk.fetch("reports/manifest.json").status_code == 404
    desk.get(desk.at("reports"))
    assert "all answers and identities were deleted" in desk.text


def test_reports_that_cannot_be_found_are_no_fault_of_the_page(web: Flask, desk: Desk) -> None:
    place(web, desk, State.REPORTED)
    desk.get(desk.at("reports"))
    assert desk.path == desk.at("survey")
    assert "cannot be found just now" in desk.text


# --- Somebody else's -----------------------------------------------------------------------------------------------

STEPS = (
    "survey",
    "survey/close",
    "survey/qr.svg",
    "survey/poster.pdf",
    "survey/invitations",
    "survey/invitations/nb/invitation.html",
    "survey/invitations/invitation.eml",
    "survey/timetable.ics",
    "survey/timetable/link-1.ics",
    "survey/agreement.pdf",
    "reports",
    "reports/manifest.json",
)


def test_table_knows_every_route_of_the_portal(web: Flask) -> None:
    rules = [rule for rule in web.url_map.iter_rules() if rule.endpoint.startswith("portal.")]
    adapter = web.url_map.bind("localhost")
    reached = {adapter.match(f"/organisation/orders/x/{step}", method="GET")[0] for step in STEPS}
    assert {rule.endpoint for rule in rules if "GET" in (rule.methods or ())} == reached


@pytest.mark.parametrize("person", [STRANGER, LEADER])
@pytest.mark.parametrize("state", [State.OPEN, State.REPORTED])
def test_who_may_not_order_for_the_organisation_finds_nothing(
    web: Flask, desk: Desk, state: State, person: int
) -> None:
    publish(web, place(web, desk, state, person))
    for step in STEPS:
        assert desk.fetch(step).status_code == 404, step
    desk.get("/organisation/")
    token = {"csrf_token": desk.token, "confirm": "Prøvetilsynet"}
    for step in ("survey/close", "reports"):
        assert desk.client.post(desk.at(step), data=token).status_code == 404
    assert "closed" not in events(web, desk)


def test_who_is_not_logged_in_is_asked_to(web: Flask, desk: Desk) -> None:
    with web.app_context():
        desk.order_id = order_in(State.OPEN)
    for step in STEPS:
        assert desk.fetch(step).headers["Location"].startswith("/organisation/login"), step
