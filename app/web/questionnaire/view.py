"""What every page of a questionnaire shows around its own content."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for

from app.domain.instrument import Item, Page
from app.domain.texts import load_document
from app.domain.units import Unit
from app.services.surveys import OpenedSurvey, Setup
from app.web import unit_choice as units
from app.web.fragments import respond
from app.web.questionnaire.questions import questions
from app.web.questionnaire.visit import Visit, pages_of
from app.web.questionnaire.wording import facts_of

NOT_ANSWERED = "-"


def show(
    survey: OpenedSurvey,
    page: str,
    fragment: str | None = None,
    /,
    *,
    visit: Visit | None = None,
    is_preview: bool = False,
    status: int = 200,
    **context: object,
) -> Response:
    """A page of this survey, or its fragment; `visit` when somebody is logged in."""
    return respond(
        f"questionnaire/{page}.html",
        f"questionnaire/{fragment}.html" if fragment else None,
        status=status,
        code=survey.setup.code,
        organisation=survey.setup.organisation,
        is_logged_in=visit is not None,
        is_preview=is_preview,
        here=url_for(str(request.endpoint), **(request.view_args or {})),
        **context,
    )


def document(survey: OpenedSurvey, name: str) -> dict[str, Any]:
    """A versioned text and what fills its placeholders."""
    return {"document": load_document(name), "facts": facts_of(survey)}


def theme_page(setup: Setup, page: Page, chosen: dict[str, int]) -> dict[str, Any]:
    """One page of themes with what was chosen."""
    return {
        "page": page,
        "n_pages": len(pages_of(setup.instrument.version, setup.extra_themes)),
        "before": shown(page.items, chosen),
        "questions": questions(setup, page, chosen),
        "instrument": setup.instrument,
    }


def shown(items: tuple[Item, ...], chosen: dict[str, int]) -> str:
    """What a page shows as chosen, one character per item (see AnswersForm)."""
    return "".join(str(chosen.get(item.id, NOT_ANSWERED)) for item in items)


def show_unit(survey: OpenedSurvey, choice: units.Choice, words: str | None, **context: Any) -> Response:
    """The levels with what was chosen, and what a search for `words` found; None: nobody has searched."""
    tree = survey.setup.tree
    return show(
        survey,
        "unit",
        "_unit_levels" if words is None else "_unit_hits",
        choice=choice,
        has_search=len(tree.units) > units.SEARCH_FROM,
        words=words or "",
        hits=units.search(tree, words or ""),
        n_hits_at_most=units.N_HITS,
        **context,
    )


def path_of(setup: Setup, unit: Unit | None) -> tuple[str, ...]:
    """The names from the top, for showing; the organisation's own for who belongs directly under it."""
    return () if unit is None else (unit.path or (setup.organisation,))
