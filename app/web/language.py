"""The language of a page: what the visitor chose, else what the browser asks for, else the installation's own."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache, lru_cache
from gettext import NullTranslations
from urllib.parse import urlencode

from babel import Locale
from flask import Flask, Response, g, has_request_context, redirect, request, url_for
from flask_babel import format_time, get_locale, get_translations, refresh
from jinja2 import pass_context
from jinja2.runtime import Context
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.survey import oslo_day
from app.domain.texts import Text
from app.extensions import babel, settings
from app.reports.texts import texts

COOKIE = "language"
FIELD = "language"
"""The name of the buttons that choose a language, in the address and in forms."""
_A_YEAR = 365 * 24 * 3600
_LONGEST_ASKED = 200
"""Characters of what a browser asks for; they are kept, and nobody shall fill the memory with them."""


def languages() -> tuple[str, ...]:
    """Every language that the product speaks: those of the instrument. A new one needs only files."""
    return load_instrument(CURRENT_VERSION).languages


def init_app(app: Flask) -> None:
    babel.init_app(app, locale_selector=select)
    app.config["WTF_I18N_ENABLED"] = False  # ours speak for themselves; WTForms' would be read on every request
    app.jinja_env.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.context_processor(_for_templates)
    app.add_template_filter(worded)
    app.add_template_filter(day)
    app.add_template_filter(weekday)
    app.add_template_filter(period)
    app.add_template_filter(clock_time, "time_of_day")
    app.add_template_test(announces)
    app.before_request(_switch_by_address)
    app.after_request(_remember)


def select() -> str:
    if not has_request_context():
        return settings().default_language
    wanted = g.get("language") or request.cookies.get(COOKIE)
    if wanted in languages():
        return str(wanted)
    asked = request.headers.get("Accept-Language", "")[:_LONGEST_ASKED]
    return _accepted(asked) or settings().default_language


@lru_cache(1_000)
def _accepted(header: str) -> str | None:
    """The language that suits what a browser asks for; browsers ask for the same few things."""
    accepted = parse_accept_header(header, LanguageAccept).best_match([*languages(), "no"])
    return {"no": "nb"}.get(accepted or "", accepted)


def current() -> str:
    """The language code of this request, such as "nb"."""
    return str(get_locale())


def switch(language: str | None) -> bool:
    """Answer this request in `language`, and remember it; an unknown one changes nothing. Says whether it did."""
    if language not in languages():
        return False
    g.language = language
    g.pop("catalogue", None)
    refresh()
    return True


@pass_context
def worded(context: Context, text: Text) -> str:
    """`text` in the language of the page; an older version may lack it, then in its first."""
    return text.get(context["language"]) or next(iter(text.values()))


def announces(paragraph: str) -> bool:
    """Whether a list is to follow."""
    return paragraph.endswith(":")


def day(moment: date) -> str:
    """A day in words, of a time the day in Oslo: 1. oktober 2026, 1 October 2026."""
    return texts(current()).day(oslo_day(moment) if isinstance(moment, datetime) else moment)


def weekday(date_: date) -> str:
    """A day with its name: torsdag 1. oktober 2026."""
    return texts(current()).weekday(date_)


def period(first: date, last: date) -> str:
    """From and to: 1.–15. oktober 2026."""
    return texts(current()).period(first, last)


def clock_time(moment: datetime) -> str:
    """The time of day in Oslo: 14:30."""
    return str(format_time(moment, "HH:mm"))


def _switch_by_address() -> Response | None:
    """`?language=en` chooses the language and leaves the address."""
    if request.method != "GET" or not switch(request.args.get(FIELD)) or request.endpoint is None:
        return None
    rest = urlencode([(name, value) for name, value in request.args.items(multi=True) if name != FIELD])
    address = url_for(request.endpoint, **(request.view_args or {}))  # `rest` is not for url_for, which obeys names
    answer = redirect(f"{address}?{rest}" if rest else address, 303)
    assert isinstance(answer, Response)  # noqa: S101 - narrows werkzeug's type to Flask's
    return answer


def _remember(response: Response) -> Response:
    if "language" in g:
        is_https = settings().public_url.startswith("https://")
        response.set_cookie(COOKIE, g.language, max_age=_A_YEAR, samesite="Lax", httponly=True, secure=is_https)
    response.vary.update(("Accept-Language", "Cookie"))
    return response


def _catalogue() -> NullTranslations:
    """The translations of this request; a page asks for dozens of texts."""
    if "catalogue" not in g:
        g.catalogue = get_translations()
    found: NullTranslations = g.catalogue
    return found


def _gettext(message: str) -> str:
    return _catalogue().gettext(message)


def _ngettext(singular: str, plural: str, n: int) -> str:
    return _catalogue().ngettext(singular, plural, n)


def _for_templates() -> dict[str, object]:
    return {"language": current(), "languages": {code: own_name(code) for code in languages()}}


@cache
def own_name(code: str) -> str:
    """What a language calls itself, in one word: Bokmål, Nynorsk, English."""
    name = Locale.parse(code).get_display_name() or code
    return name.split()[-1].capitalize()
