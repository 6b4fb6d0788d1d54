"""What staff fill in."""

from __future__ import annotations

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField, TextAreaField, ValidationError

from app.domain.disclosure import Limits
from app.domain.units import UnitPath
from app.services.surveys import Setup

LONGEST_REASON = 500
LARGEST_LIMIT = 50
_UNKNOWN = lazy_gettext("Choose one from the list.")


def _check_reason(field: StringField) -> None:
    field.data = " ".join((field.data or "").split())
    if not field.data:
        raise ValidationError(lazy_gettext("Write why."))
    if len(field.data) > LONGEST_REASON:
        raise ValidationError(lazy_gettext("The reason is too long: at most 500 characters."))


class ApproveForm(FlaskForm):  # type: ignore[misc]
    """`limit`: how many answers a report needs at least; never fewer than the product's own limit."""

    limit = StringField()
    despite_remarks = BooleanField()

    def validate_limit(self, field: StringField) -> None:
        text = (field.data or "").strip() or str(Limits().k_means)
        least = Limits().k_means
        if not (text.isascii() and text.isdigit() and least <= int(text) <= LARGEST_LIMIT):
            raise ValidationError(lazy_gettext("The limit is a whole number from 5 to 50."))
        field.data = text

    def limits(self) -> Limits:
        k_means = int(self.limit.data)
        return Limits(k_means, max(k_means, Limits().k_distributions))


class RejectForm(FlaskForm):  # type: ignore[misc]
    reason = TextAreaField()

    def validate_reason(self, field: StringField) -> None:
        _check_reason(field)


class WithholdForm(FlaskForm):  # type: ignore[misc]
    """The unit by its place in the tree: a name never stands in an address or a value that is sent."""

    unit = SelectField(coerce=str)
    theme = SelectField(coerce=str)
    reason = StringField()

    @classmethod
    def for_setup(cls, setup: Setup) -> WithholdForm:
        form = cls()
        form.paths = [unit.path for unit in setup.tree.units]
        organisation = [("0", setup.organisation)]
        form.unit.choices = [("", "–"), *organisation, *_choices(setup)]
        form.theme.choices = [("", "–"), *((theme.id, theme) for theme in setup.themes)]
        return form

    def validate_unit(self, field: SelectField) -> None:
        if not field.data:
            raise ValidationError(_UNKNOWN)

    def validate_reason(self, field: StringField) -> None:
        _check_reason(field)

    @property
    def unit_path(self) -> UnitPath:
        path: UnitPath = self.paths[int(self.unit.data)]
        return path

    def refuse(self, code: str) -> None:
        """What only the rule itself could tell."""
        is_organisation = code == "withholding.organisation"
        field = self.unit if is_organisation else self.theme
        sentence = lazy_gettext("The organisation's own report cannot be withheld: the others compare with it.")
        field.errors = [sentence if is_organisation else _UNKNOWN]


def _choices(setup: Setup) -> list[tuple[str, str]]:
    """Every unit but catch-alls, which have no report."""
    return [(str(unit.index), " › ".join(unit.path)) for unit in setup.tree.units[1:] if not unit.is_catch_all]
