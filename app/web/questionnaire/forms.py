"""What an employee sends: short forms; which items and units exist is the survey's to say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from flask import request
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import AnyOf

from app.domain.errors import DomainError
from app.domain.instrument import Item
from app.domain.texts import CURRENT
from app.web.language import FIELD

NOT_ANSWERED = "-"


class ConsentForm(FlaskForm):  # type: ignore[misc]
    """Two buttons of the same name; the version is that of the text which was read."""

    consent = StringField(validators=[AnyOf(("yes", "no"))])
    version = HiddenField(default=CURRENT["consent"], validators=[AnyOf((CURRENT["consent"],))])

    @property
    def is_given(self) -> bool:
        return bool(self.consent.data == "yes")


@dataclass(frozen=True, slots=True)
class UnitForm:
    """Which button was pressed; the levels are read by `units.walk`. The token was looked at before.

    Also what only changes the page is sent as a form: nobody's unit is to stand in an address, which proxies log.
    """

    go: str | None
    unit: str | None
    search: str | None
    language: str | None

    @classmethod
    def sent(cls) -> Self:
        sent, search = request.form.get, request.form.get("search")
        return cls(sent("go"), sent("unit"), search and search[:100], sent(FIELD))


@dataclass(frozen=True, slots=True)
class AnswersForm:
    """One page of answers: a field per item, named by the item's id, with "0" to "5".

    `before` says what the page showed when it was made, one character per item. Only what differs from it is a
    change: a tab that was opened earlier does not undo what another tab has saved meanwhile.
    """

    go: str | None
    save: str | None
    before: str | None
    language: str | None

    @classmethod
    def sent(cls) -> Self:
        sent = request.form.get
        return cls(sent("go"), sent("save"), sent("before"), sent(FIELD))

    def changes(self, items: Iterable[Item]) -> dict[str, int]:
        """Item id -> chosen value, for the items of this page that were changed; DomainError ``answer.unknown``."""
        chosen = {item.id: request.form[item.id] for item in items if item.id in request.form}
        if not all(value.isascii() and value.isdigit() and len(value) == 1 for value in chosen.values()):
            raise DomainError("answer.unknown")
        before = dict(zip((item.id for item in items), self.before or "", strict=False))
        return {item_id: int(value) for item_id, value in chosen.items() if value != before.get(item_id)}
