"""What the forecast of reports says to the person who uploaded the unit list (spec 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.adapters.finding_texts import N_
from app.domain.forecast import Forecast, MergeHint, Outlook

OUTLOOK_NAMES: Mapping[Outlook, str] = {
    Outlook.DISTRIBUTIONS: N_("means and distributions"),
    Outlook.MEANS: N_("means only"),
    Outlook.UNCERTAIN: N_("uncertain"),
    Outlook.NONE: N_("no report"),
    Outlook.UNKNOWN: N_("unknown"),
}
BASIS = N_(
    "The forecast assumes that everybody is equally likely to answer, whatever the others do. What it says would come "
    "true in at least nine of ten such surveys. “Unknown” means that head counts are missing."
)
LEFT_OUT = N_(
    "A number in brackets is how many answers the report lacks on average, because too few belong to the same place. "
    "They count in a report further up, if there is one."
)


def outlook_name(outlook: Outlook, gettext: Callable[[str], str]) -> str:
    return gettext(OUTLOOK_NAMES[outlook])


def describe_needed(forecast: Forecast, gettext: Callable[[str], str]) -> str:
    """How large a unit has to be at this response rate."""
    means, distributions = forecast.n_needed
    text = gettext(
        "At %(rate)d %%, a unit needs %(means)d employees for a report, and %(distributions)d for distributions."
    )
    return text % {"rate": forecast.rate, "means": means, "distributions": distributions}


def describe_hint(hint: MergeHint, organisation: str, gettext: Callable[[str], str]) -> str:
    """Which neighbours to consider as one; `organisation` is the name of what has no unit above it."""
    names = ", ".join(gettext("“%(name)s”") % {"name": unit.name} for unit in hint.units)
    above = hint.units[0].path[:-1]
    text = gettext(
        "%(names)s below “%(parent)s” have %(n)d employees together, and would likely get a report as one unit."
    )
    return text % {"names": names, "parent": above[-1] if above else organisation, "n": hint.n_people}
