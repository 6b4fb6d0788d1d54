"""The sentences and number formats of one language, outside Flask: reports are made in worker processes."""

from __future__ import annotations

import re
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

    def weekday(self, value: date) -> str:
        """With the name of the day: lørdag 5. desember 2026."""
        return format_date(value, "full", locale=self.locale)

    def period(self, first: date, last: date) -> str:
        """From and to, the month and the year said once where they are the same: 1.–15. oktober 2026."""
        if first == last:
            return self.day(last)
        differs = "y" if first.year != last.year else "M" if first.month != last.month else "d"
        begins, ends = (_in_whole(half) for half in self.locale.interval_formats["yMMMd"][differs])
        return format_date(first, begins, locale=self.locale) + format_date(last, ends, locale=self.locale)


def _in_whole(pattern: str) -> str:
    """With the month in whole: CLDR has intervals with its abbreviation only."""
    return re.sub("M+", "MMMM", pattern)


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
