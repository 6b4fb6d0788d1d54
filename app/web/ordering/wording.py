"""What this side says about fields, states and dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from app.domain.disclosure import Limits
from app.domain.order import (
    LARGEST_N_INVITED,
    LONGEST_DEFINITION,
    LONGEST_EMAIL,
    LONGEST_INVITATION,
    LONGEST_NAME,
    Problem,
)
from app.domain.survey import N_WEEKS_OPEN, Clock, State
from app.domain.unit_list import DEFAULT_LIMITS
from app.domain.working_days import DayOff, day_off
from app.web.language import day, weekday

MAX_MB = DEFAULT_LIMITS.n_bytes // 1_000_000
LANGUAGE_NAMES = {"nb": lazy_gettext("Norwegian (bokmål)"), "en": lazy_gettext("English")}

FIELDS: Mapping[str, object] = {
    "contact_name": lazy_gettext("Your name"),
    "contact_email": lazy_gettext("Your e-mail address"),
    "leader_name": lazy_gettext("Name of the top leader"),
    "leader_email": lazy_gettext("E-mail address of the top leader"),
    "n_invited": lazy_gettext("Number of employees who are invited"),
    "first_on": lazy_gettext("First day"),
    "last_on": lazy_gettext("Last day"),
    "extra_themes": lazy_gettext("Themes"),
    "unit_list": lazy_gettext("Unit list"),
    "nearest_leader": lazy_gettext("“Nearest leader”"),
    "unit": lazy_gettext("“Unit”"),
    "invitation": lazy_gettext("Text of your own in the invitation"),
}

PARTS: Mapping[str, tuple[object, tuple[str, ...]]] = {
    "contact": (lazy_gettext("Contact person"), ("contact_name", "contact_email")),
    "leader": (lazy_gettext("Top leader"), ("leader_name", "leader_email")),
    "employees": (lazy_gettext("Employees"), ("n_invited",)),
    "period": (lazy_gettext("Answering period"), ("first_on", "last_on")),
    "themes": (lazy_gettext("Themes"), ("extra_themes",)),
    "list": (lazy_gettext("Unit list"), ("unit_list",)),
    "words": (lazy_gettext("“Nearest leader” and “unit”"), ("nearest_leader", "unit")),
    "invitation": (lazy_gettext("Invitation"), ("invitation",)),
}
"""The parts of the form: heading and fields."""
NEEDED_PARTS = ("contact", "leader", "period", "list")

_NO_EMAIL = lazy_gettext("This is not an e-mail address. Write it like name@example.no.")
_NO_DAY = lazy_gettext("This is not a day in the calendar. Write it like 01.10.2026.")
_TOO_LONG = lazy_gettext("This is too long. The limit is %(limit)s characters.")
_ONE_LANGUAGE = lazy_gettext("The text is missing in %(language)s. Write it in both languages, or in none of them.")

PROBLEMS: Mapping[tuple[str, str], object] = {
    ("contact_name", "missing"): lazy_gettext("Write your name."),
    ("contact_name", "too_long"): _TOO_LONG,
    ("contact_email", "missing"): lazy_gettext("Write your e-mail address."),
    ("contact_email", "no_email"): _NO_EMAIL,
    ("contact_email", "too_long"): _TOO_LONG,
    ("leader_name", "missing"): lazy_gettext("Write the name of the top leader."),
    ("leader_name", "too_long"): _TOO_LONG,
    ("leader_email", "missing"): lazy_gettext("Write the e-mail address of the top leader."),
    ("leader_email", "no_email"): _NO_EMAIL,
    ("leader_email", "too_long"): _TOO_LONG,
    ("n_invited", "no_number"): lazy_gettext("Write the number in figures alone, such as 240."),
    ("n_invited", "out_of_range"): lazy_gettext("The number must be between %(least)s and %(most)s."),
    ("first_on", "missing"): lazy_gettext("Choose the first day."),
    ("first_on", "no_day"): _NO_DAY,
    ("first_on", "past"): lazy_gettext("The first day has passed. Choose today or a later day."),
    ("last_on", "missing"): lazy_gettext("Choose the last day."),
    ("last_on", "no_day"): _NO_DAY,
    ("last_on", "before_first"): lazy_gettext("The last day is before the first day."),
    ("last_on", "too_late"): lazy_gettext("The last day must be within %(weeks)s weeks of the first day."),
    ("extra_themes", "unknown"): lazy_gettext("A theme that was chosen is no longer offered. Choose again."),
    ("unit_list", "missing"): lazy_gettext("Upload the unit list."),
    ("unit_list", "errors"): lazy_gettext("The unit list has errors. Mend them, and upload the list again."),
    **{(name, "missing_language"): _ONE_LANGUAGE for name in ("nearest_leader", "unit", "invitation")},
    **{(name, "too_long"): _TOO_LONG for name in ("nearest_leader", "unit", "invitation")},
}

_LONGEST = {
    "contact_email": LONGEST_EMAIL,
    "leader_email": LONGEST_EMAIL,
    "contact_name": LONGEST_NAME,
    "leader_name": LONGEST_NAME,
    "invitation": LONGEST_INVITATION,
}


def describe_problem(problem: Problem) -> str:
    """What is wrong in a field, and how to mend it."""
    values = {
        "limit": _LONGEST.get(problem.field, LONGEST_DEFINITION),
        "least": Limits().k_means,
        "most": LARGEST_N_INVITED,
        "weeks": N_WEEKS_OPEN,
        "language": LANGUAGE_NAMES.get(problem.language, ""),
    }
    return str(PROBLEMS[problem.field, problem.code]) % values


_DAYS_OFF: Mapping[DayOff, object] = {
    DayOff.WEEKEND: lazy_gettext(
        "The first day is at a weekend: %(day)s. The link is to be sent that day, and few will see it. "
        "You can keep the day all the same."
    ),
    DayOff.HOLIDAY: lazy_gettext(
        "The first day is a public holiday: %(day)s. The link is to be sent that day, and few will see it. "
        "You can keep the day all the same."
    ),
}


def describe_day_off(first_on: date) -> str:
    """A remark on a day on which people are off, else nothing."""
    off = day_off(first_on)
    return str(_DAYS_OFF[off]) % {"day": weekday(first_on)} if off else ""


def standing_of_parts(problems: Iterable[Problem]) -> list[tuple[str, str, str]]:
    """Id and heading of each part of the form, and how it stands: missing, done or optional."""
    wrong = {problem.field for problem in problems}

    def standing(part: str, fields: tuple[str, ...]) -> str:
        return "missing" if wrong & set(fields) else "done" if part in NEEDED_PARTS else "optional"

    return [(part, str(name), standing(part, fields)) for part, (name, fields) in PARTS.items()]


def field_of(problem: Problem) -> str:
    """The name of the field in the form."""
    return f"{problem.field}_{problem.language}" if problem.language else problem.field


@dataclass(frozen=True, slots=True)
class Standing:
    """How an order stands: in a few words, and what comes next."""

    label: str
    next: str
    link: str
    """The words of the link to it."""


def describe_standing(state: State, leader: str, clock: Clock | None, *, is_sent_back: bool) -> Standing:
    """`clock` of a survey that has been opened; `is_sent_back`: staff have said why."""
    if is_sent_back and state in (State.DRAFT, State.REJECTED):
        return Standing(_("Sent back"), _("See what has to change, and send the order again."), _("Change the order"))
    if clock is None:
        return _before_opening(state, leader)
    deleted_on = day(clock.deleted_on)
    match state:
        case State.OPEN:
            label = _("Open until %(day)s", day=day(clock.last_open_on))
            return Standing(label, _("Share the link, and close when everybody has answered."), _("To the survey"))
        case State.REPORTED:
            next_ = _("Download them before %(day)s, when they are deleted.", day=deleted_on)
            return Standing(_("The reports are ready"), next_, _("To the reports"))
        case State.DELETED:
            return Standing(_("Deleted"), _("All answers were deleted on %(day)s.", day=deleted_on), _("To the survey"))
        case _:
            next_ = _("The reports are being made. You get an e-mail when they are ready.")
            return Standing(_("Closed"), next_, _("To the survey"))


def _before_opening(state: State, leader: str) -> Standing:
    match state:
        case State.SUBMITTED:
            next_ = _("%(leader)s has been sent an e-mail, and has to sign.", leader=leader)
            return Standing(_("Waiting for signature"), next_, _("See the order"))
        case State.SIGNED:
            next_ = _("We check the order. You get an e-mail when it is approved.")
            return Standing(_("Waiting for approval"), next_, _("See the order"))
        case _:
            return Standing(_("Draft"), _("Fill in what is missing, and send the order."), _("Continue"))


def minutes(seconds: int) -> str:
    """About how long something takes, for who is about to choose it."""
    if seconds < 45:
        return str(_("about half a minute"))
    n = round(seconds / 60)
    return str(_("about 1 minute") if n == 1 else _("about %(n)s minutes", n=n))
