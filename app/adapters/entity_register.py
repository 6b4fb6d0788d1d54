"""The public register of entities (Enhetsregisteret): what an organisation is called and whether it still exists."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.adapters.asking import Answer, Line, as_object
from app.domain.identifiers import check_organisation_number
from app.domain.rights import Entity

REGISTER_URL = "https://data.brreg.no/enhetsregisteret/api"
KEPT_FOR = timedelta(hours=24)
PAGE_SIZE = 1000
MOST_PAGES = 10
"""The register itself gives no more than 10,000 of anything."""


class EntityRegister:
    """The register over its open interface. May be used by many threads."""

    def __init__(self, base_url: str = REGISTER_URL, line: Line | None = None, most_kept: int = 1000) -> None:
        self._base_url = base_url.rstrip("/")
        self._line = line or Line("entity_register.unavailable")
        self._most_kept = most_kept
        self._kept: OrderedDict[str, tuple[datetime, Entity]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, number: str, now: datetime) -> Entity | None:
        """The entity or sub-unit with that number, up to a day old; None when the register knows none.

        DomainError ``organisation_number.invalid`` or ``entity_register.unavailable``. An entity that was removed
        for legal reasons is deleted and has no name.
        """
        digits = check_organisation_number(number)
        found = self._remembered(digits, now)
        if found is None:
            try:
                found = self._fetched(digits)
            except ValueError:
                raise self._line.fault("format") from None
            if found is not None:  # a number that is not known today may be tomorrow
                self._remember(found, now)
        return found

    def _remembered(self, number: str, now: datetime) -> Entity | None:
        with self._lock:
            at, entity = self._kept.get(number, (None, None))
        return entity if at is not None and timedelta(0) <= now - at < KEPT_FOR else None

    def _remember(self, entity: Entity, now: datetime) -> None:
        with self._lock:
            self._kept[entity.number] = (now, entity)
            self._kept.move_to_end(entity.number)
            while len(self._kept) > self._most_kept:
                self._kept.popitem(last=False)

    def _fetched(self, number: str) -> Entity | None:
        for kind in ("enheter", "underenheter"):
            answer = self._ask(f"{kind}/{number}")
            if answer.status == 404:
                continue
            if answer.status == 410:
                return Entity(number, "", is_deleted=True)
            entity = _entity(self._document(answer))
            if entity.number != number:
                raise ValueError("another number")
            has_sub_units = kind == "enheter" and not entity.is_deleted
            return replace(entity, sub_units=self._sub_units(number)) if has_sub_units else entity
        return None

    def _sub_units(self, number: str) -> tuple[Entity, ...]:
        found: list[Entity] = []
        for page in range(MOST_PAGES):
            asked = {"overordnetEnhet": number, "size": str(PAGE_SIZE), "page": str(page)}
            document = self._document(self._ask("underenheter", asked))
            found += (_entity(as_object(unit)) for unit in _embedded(document))
            if page + 1 >= _n_pages(document):
                break
        return tuple(found)

    def _ask(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        parts = {"headers": {"Accept": "application/json"}, "params": params}
        return self._line.ask("GET", f"{self._base_url}/{path}", lambda: parts)

    def _document(self, answer: Answer) -> dict[str, Any]:
        if answer.status != 200:
            raise self._line.fault(f"status {answer.status}")
        return as_object(answer.json())


class LocalEntities:
    """The same for entities that are known beforehand, sub-units included."""

    def __init__(self, entities: Iterable[Entity]) -> None:
        self._entities = {unit.number: unit for entity in entities for unit in (*entity.sub_units, entity)}

    def find(self, number: str, now: datetime) -> Entity | None:
        """As `EntityRegister.find`; `now` plays no part."""
        return self._entities.get(check_organisation_number(number))


def _entity(document: Mapping[str, Any]) -> Entity:
    number, name = document.get("organisasjonsnummer"), document.get("navn")
    if not isinstance(number, str) or not isinstance(name, str):
        raise ValueError("no number or no name")
    return Entity(number, name, is_deleted=bool(document.get("slettedato") or document.get("nedleggelsesdato")))


def _embedded(document: Mapping[str, Any]) -> list[object]:
    """Left out by the register where there is nothing."""
    units = as_object(document.get("_embedded", {})).get("underenheter", [])
    if not isinstance(units, list):
        raise ValueError("no list")
    return units


def _n_pages(document: Mapping[str, Any]) -> int:
    n_pages = as_object(document.get("page", {})).get("totalPages", 1)
    if not isinstance(n_pages, int):
        raise ValueError("no number of pages")
    return n_pages
