"""The questionnaire as versioned data: themes, their items and scales, and the pages they are shown on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import groupby
from pathlib import Path
from types import MappingProxyType

from app.domain.errors import DomainError
from app.domain.texts import Source, Text, read_data

__all__ = [
    "CURRENT_VERSION",
    "ITEMS_ON_A_PAGE",
    "SECONDS_FOR_AN_ITEM",
    "Direction",
    "Help",
    "Instrument",
    "Item",
    "Page",
    "Scale",
    "Sensitivity",
    "Text",
    "Theme",
    "ThemeGroup",
    "load_instrument",
    "parse_instrument",
]

CURRENT_VERSION = "2026-1"
INSTRUMENTS = Path(__file__).parent / "instruments"
DEFINITIONS = ("nearest_leader", "unit")
ITEMS_ON_A_PAGE = 8
SECONDS_FOR_AN_ITEM = 13  # 70 items take about 15 minutes (reference: the full form)


class ThemeGroup(Enum):
    CORE = "core"
    EXTENDED = "extended"
    ADD_ON = "add_on"


class Direction(Enum):
    PROTECTIVE = "protective"
    RISK = "risk"
    OUTCOME = "outcome"
    INCIDENT = "incident"


class Sensitivity(Enum):
    NORMAL = "normal"
    SENSITIVE = "sensitive"
    MOST_SENSITIVE = "most_sensitive"


@dataclass(frozen=True, slots=True)
class Scale:
    """Ordered categories, scored 1, 2, … in this order. `yesno` is no, yes, so that 2 means it happened."""

    id: str
    categories: tuple[Text, ...]
    has_mean: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One statement or question; a reversed one is worded against its theme and turned before scoring."""

    id: str
    text: Text
    is_reversed: bool


@dataclass(frozen=True, slots=True)
class Theme:
    """What several items measure together.

    `is_high_favourable` is None for incidents. `uses` names the definitions to show with the items, `introduction`
    stands above them, `about` and `talk` are for reports. `shows_help`: where to get help stands beside it.
    """

    id: str
    name: Text
    group: ThemeGroup
    direction: Direction
    sensitivity: Sensitivity
    scale: Scale
    items: tuple[Item, ...]
    is_high_favourable: bool | None
    about: Text
    talk: tuple[Text, Text]
    introduction: Text | None
    uses: frozenset[str]
    shows_help: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Neighbouring themes shown together; `number` counts from 1."""

    number: int
    themes: tuple[Theme, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(item for theme in self.themes for item in theme.items)


@dataclass(frozen=True, slots=True)
class Help:
    """Where an employee can get help."""

    heading: Text
    text: Text
    phone: Text | None
    url: Text | None


@dataclass(frozen=True, slots=True)
class Instrument:
    """One version of the questionnaire; an open survey keeps its version (spec 6)."""

    version: str
    languages: tuple[str, ...]
    themes: tuple[Theme, ...]
    no_answer: Text
    definitions: Mapping[str, Text]
    help: tuple[Help, ...]

    def theme(self, theme_id: str) -> Theme:
        for theme in self.themes:
            if theme.id == theme_id:
                return theme
        raise DomainError("theme.unknown", theme=theme_id)

    @property
    def choosable(self) -> tuple[Theme, ...]:
        """The themes that an order may add."""
        return tuple(theme for theme in self.themes if theme.group is not ThemeGroup.CORE)

    def chosen(self, extra: Iterable[str]) -> tuple[Theme, ...]:
        """The core themes and those named in `extra`, in the order of the instrument; DomainError("theme.unknown")."""
        wanted = {self.theme(theme_id).id for theme_id in extra}
        return tuple(theme for theme in self.themes if theme.group is ThemeGroup.CORE or theme.id in wanted)

    def pages(self, extra: Iterable[str]) -> tuple[Page, ...]:
        """The chosen themes on pages of at most 8 items, no theme split, incidents on a page of their own."""
        pages: list[list[Theme]] = []
        for _, themes in groupby(self.chosen(extra), key=lambda theme: theme.direction is Direction.INCIDENT):
            pages += _filled(themes)
        return tuple(Page(number, tuple(themes)) for number, themes in enumerate(pages, start=1))

    def minutes(self, extra: Iterable[str]) -> int:
        """About how long the chosen themes take to answer, in whole minutes, at `SECONDS_FOR_AN_ITEM`."""
        n_items = sum(len(theme.items) for theme in self.chosen(extra))
        return round(n_items * SECONDS_FOR_AN_ITEM / 60)


def _filled(themes: Iterable[Theme]) -> list[list[Theme]]:
    pages: list[list[Theme]] = []
    room = 0
    for theme in themes:
        if len(theme.items) > room:
            pages.append([])
            room = ITEMS_ON_A_PAGE
        pages[-1].append(theme)
        room -= len(theme.items)
    return pages


@cache
def load_instrument(version: str) -> Instrument:
    """The instrument in one version; DomainError("instrument.unknown")."""
    data = read_data(INSTRUMENTS, version)
    if data is None:
        raise DomainError("instrument.unknown", version=version)
    return parse_instrument(data)


def parse_instrument(data: Mapping[str, object]) -> Instrument:
    """Read an instrument; DomainError("instrument.invalid", where=..., problem=...) for anything missing or at odds."""
    source = Source.of_file(data, "instrument.invalid")
    source.only("version", "languages", "no_answer", "definitions", "help", "scales", "themes")
    definitions = source.table("definitions")
    definitions.only(*DEFINITIONS)
    scales = {scale.id: scale for scale in map(_scale, source.tables("scales"))}
    themes = tuple(_theme(theme, scales) for theme in source.tables("themes"))
    if not themes:
        source.refuse("is empty", "themes")
    return Instrument(
        version=source.string("version"),
        languages=source.languages,
        themes=themes,
        no_answer=source.text("no_answer"),
        definitions=MappingProxyType({name: definitions.text(name) for name in DEFINITIONS}),
        help=tuple(_help(entry) for entry in source.tables("help")),
    )


def _help(source: Source) -> Help:
    source.only("heading", "text", optional=("phone", "url"))
    phone, url = source.optional_text("phone"), source.optional_text("url")
    return Help(source.text("heading"), source.text("text"), phone, url)


def _scale(source: Source) -> Scale:
    source.only("id", "categories", "has_mean")
    categories = source.rows("categories")
    if len(categories) < 2:
        source.refuse("has fewer than two categories")
    return Scale(source.string("id"), categories, source.flag("has_mean"))


def _theme(source: Source, scales: Mapping[str, Scale]) -> Theme:
    source.only(
        *("id", "name", "group", "direction", "scale", "about", "talk", "items"),
        optional=("sensitivity", "is_high_favourable", "introduction", "uses", "shows_help"),
    )
    theme = Theme(
        id=source.string("id"),
        name=source.text("name"),
        group=source.choice("group", ThemeGroup),
        direction=source.choice("direction", Direction),
        sensitivity=source.choice("sensitivity", Sensitivity, Sensitivity.NORMAL),
        scale=_known_scale(source, scales),
        items=_items(source),
        is_high_favourable=_is_high_favourable(source),
        about=source.text("about"),
        talk=_talk(source),
        introduction=source.optional_text("introduction"),
        uses=_uses(source),
        shows_help=source.flag("shows_help"),
    )
    _check_scale(source, theme)
    return theme


def _known_scale(source: Source, scales: Mapping[str, Scale]) -> Scale:
    scale = scales.get(source.string("scale"))
    if scale is None:
        source.refuse("is no scale of this instrument", "scale")
    return scale


def _items(source: Source) -> tuple[Item, ...]:
    items = []
    for number, item in enumerate(source.tables("items"), start=1):
        item.only("text", optional=("is_reversed",))
        items.append(Item(f"{source.string('id')}_{number}", item.text("text"), item.flag("is_reversed")))
    if not 1 <= len(items) <= ITEMS_ON_A_PAGE:
        source.refuse(f"has none or more than {ITEMS_ON_A_PAGE}", "items")
    return tuple(items)


def _is_high_favourable(source: Source) -> bool | None:
    """Follows from the direction, except for outcomes, where the data say it."""
    direction = source.choice("direction", Direction)
    if (direction is Direction.OUTCOME) != ("is_high_favourable" in source.data):
        source.refuse("is said for outcomes and only for them", "is_high_favourable")
    if direction is Direction.OUTCOME:
        return source.flag("is_high_favourable")
    return None if direction is Direction.INCIDENT else direction is Direction.PROTECTIVE


def _talk(source: Source) -> tuple[Text, Text]:
    talk = source.texts("talk")
    if len(talk) != 2:
        source.refuse("is not two questions", "talk")
    return talk[0], talk[1]


def _uses(source: Source) -> frozenset[str]:
    uses = frozenset(source.strings("uses")) if "uses" in source.data else frozenset()
    if not uses <= set(DEFINITIONS):
        source.refuse("names an unknown definition", "uses")
    return uses


def _check_scale(source: Source, theme: Theme) -> None:
    """A mean goes with a favourable direction; without one nothing can be reversed or be high or low."""
    if theme.sensitivity is Sensitivity.MOST_SENSITIVE and theme.scale.has_mean:
        source.refuse("is most sensitive and must not have a mean", "scale")
    if (theme.direction is Direction.INCIDENT) == theme.scale.has_mean:
        source.refuse("has a scale that does not go with its direction", "scale")
    for number, item in enumerate(theme.items, start=1):
        if item.is_reversed and not theme.scale.has_mean:
            source.refuse("is reversed on a scale without a mean", "items", number)
