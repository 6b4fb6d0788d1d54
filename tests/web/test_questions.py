"""Questions that are remembered show what the template would show."""

from __future__ import annotations

from random import Random

from flask import Flask, render_template

from app.web import language
from app.web.questionnaire.questions import questions
from tests.people import Trial


def test_remembered_questions_are_what_the_template_gives(web: Flask, trial: Trial) -> None:
    setup, random = trial.opened.setup, Random(1)
    for _ in range(3):
        for page in setup.pages:
            for code in language.languages():
                drawn = {item.id: random.choice((None, 0, 1, 2)) for item in page.items}
                chosen = {item_id: value for item_id, value in drawn.items() if value is not None}
                with web.test_request_context(headers={"Accept-Language": code}):
                    made = render_template(
                        "questionnaire/_themes.html",
                        page=page,
                        mark=lambda item_id, value, chosen=chosen: " checked" if chosen.get(item_id) == value else "",
                        definitions=setup.definitions,
                        instrument=setup.instrument,
                    )
                    assert questions(setup, page, chosen) == made
                    assert made.count(" checked") == len(chosen)


def test_what_one_person_chose_is_not_shown_to_the_next(web: Flask, trial: Trial) -> None:
    setup, page = trial.opened.setup, trial.opened.setup.pages[0]
    with web.test_request_context():
        assert " checked" in questions(setup, page, {page.items[0].id: 1})
        assert " checked" not in questions(setup, page, {})
