"""The language of a page: what the visitor chose, else what the browser asks for, else the installation's own."""

from __future__ import annotations

from flask import Flask, Response, g, has_request_context, request
from flask_babel import get_locale, refresh

from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.extensions import babel, settings

COOKIE = "language"
_A_YEAR = 365 * 24 * 3600


def languages() -> tuple[str, ...]:
    """Every language that the product speaks: those of the instrument. A new one needs only files."""
    return load_instrument(CURRENT_VERSION).languages


def init_app(app: Flask) -> None:
    babel.init_app(app, locale_selector=select)
    app.context_processor(_for_templates)
    app.after_request(_remember)


def select() -> str:
    if not has_request_context():
        return settings().default_language
    wanted = g.get("language") or request.cookies.get(COOKIE)
    if wanted in languages():
        return str(wanted)
    accepted = request.accept_languages.best_match([*languages(), "no"])
    return {"no": "nb"}.get(accepted or "", accepted) or settings().default_language


def current() -> str:
    """The language code of this request, "nb" or "en"."""
    return str(get_locale())


def switch(language: str) -> None:
    """Answer this request in `language`, and remember it; an unknown one changes nothing."""
    if language in languages():
        g.language = language
        refresh()


def _remember(response: Response) -> Response:
    if "language" in g:
        response.set_cookie(
            COOKIE, g.language, max_age=_A_YEAR, samesite="Lax", httponly=True, secure=request.is_secure
        )
    response.vary.add("Accept-Language")
    return response


def _for_templates() -> dict[str, object]:
    return {"language": current(), "languages": languages()}
