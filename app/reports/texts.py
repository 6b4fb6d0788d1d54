"""The sentences and number formats of one language, outside Flask: reports are made in worker processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from babel.support import NullTranslations, Translations

from app.domain.results import Bound, Share

TRANSLATIONS = Path(__file__).parents[2] / "translations"
_LOCALES = {"en": "en_GB"}
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Texts:
    """Everything that depends on the language of a report."""

    language: str
    locale: Locale
    translations: NullTranslations

    def gettext(self, message: str, **values: object) -> str:
        text = self.translations.gettext(message)
        return text % values if values else text

    def number(self, value: int) -> str:
        return _decimal(value, None, self.locale)

    def mean(self, value: Decimal) -> str:
        """One decimal, always shown."""
        return _decimal(value, "0.0", self.locale)

    def difference(self, value: Decimal) -> str:
        """One decimal with its sign."""
        return _decimal(value, f"+0.0;{_MINUS}0.0", self.locale) if value else self.mean(abs(value))

    def percent(self, value: int) -> str:
        return _percent(value, self.locale)

    def share(self, share: Share) -> str:
        match share.bound:
            case Bound.AT_LEAST:
                return self.gettext("at least %(percent)s", percent=self.percent(share.percent))
            case Bound.AT_MOST:
                return self.gettext("at most %(percent)s", percent=self.percent(share.percent))
            case Bound.FEWER_THAN_FIVE:
                return self.gettext("fewer than 5 people")
            case Bound.EXACT:
                return self.percent(share.percent)

    def day(self, value: date) -> str:
        return format_date(value, "long", locale=self.locale)

    def period(self, first: date, last: date) -> str:
        """From and to, the month and the year said once where they are the same."""
        if first == last:
            return self.day(last)
        if first.year != last.year:
            return f"{self.day(first)} – {self.day(last)}"
        pattern = "d" if first.month == last.month else "d MMMM"
        if self.locale.date_formats["long"].pattern.startswith("d."):
            pattern = pattern.replace("d", "d.", 1)
        return f"{format_date(first, pattern, locale=self.locale)} – {self.day(last)}"


@cache  # a handful of figures, thousands of times
def _percent(value: int, locale: Locale) -> str:
    return format_percent(value / 100, locale=locale)


@lru_cache(10_000)
def _decimal(value: Decimal | int, pattern: str | None, locale: Locale) -> str:
    return format_decimal(value, pattern, locale=locale)


@cache
def texts(language: str) -> Texts:
    """English where a translation is missing."""
    locale = Locale.parse(_LOCALES.get(language, language))
    return Texts(language, locale, Translations.load(TRANSLATIONS, [language]))
