"""What the remarks about an order say to staff."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.domain.order_review import Remark


def N_(message: str) -> str:  # noqa: N802 - the name by which pybabel finds it
    """Mark a text for translation that is translated later."""
    return message


TEXTS: Mapping[str, str] = {
    "area.left": N_("The organisation is no longer on the list of the state collective-agreement area."),
    "register.unknown": N_("The register of entities does not know this organisation number."),
    "register.deleted": N_("The organisation is deleted in the register of entities."),
    "register.unavailable": N_("The register of entities could not be asked just now."),
    "survey.another_open": N_("The organisation has another survey that is open."),
    "leader.is_contact": N_("The contact person and the leader have the same e-mail address."),
    "period.over": N_("The last answering day, %(last_on)s, has passed."),
    "period.too_early": N_(
        "Approved today, the survey would close by itself after %(n_weeks)s weeks, before the last answering day, "
        "%(last_on)s."
    ),
    "period.begun": N_("The first answering day was %(first_on)s."),
    "period.weekend": N_("The first answering day, %(first_on)s, is a Saturday or Sunday."),
    "period.holiday": N_("The first answering day, %(first_on)s, is a public holiday."),
    "list.findings": N_("The unit list has %(n)s findings that are not errors."),
    "heads.differ": N_("The head counts of the unit list add up to %(total)s, but %(n_invited)s are invited."),
    "forecast": N_("At a response rate of %(rate)s%%, about %(n)s of %(n_units)s units would get a report."),
}


def describe_remark(remark: Remark, gettext: Callable[[str], str], word: Callable[[object], str]) -> str:
    """The sentence; `word` says a day or a number in the reader's language."""
    return gettext(TEXTS[remark.code]) % {name: word(value) for name, value in remark.values.items()}
