"""Organisations and people that do not exist, for trying things out."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.identifiers import synthetic_identity_number
from app.domain.rights import Representation, Right
from app.domain.units import UnitTree

FICTIONAL_NUMBER, ANOTHER_NUMBER = "310000000", "310000019"
"""In the range of the public test organisations, which are never given to real ones."""
ANOTHER_NAME = "Tilsynet for tåke"
FICTIONAL_NAME = "Fjord- og fjelldirektoratet"

_DIVISIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Divisjon for fjord": {
        "Avdeling for tidevann": ("Seksjon for flo", "Seksjon for fjære", "Seksjon for strømmer"),
        "Avdeling for naust": ("Seksjon for båter", "Seksjon for brygger", "Seksjon for tauverk"),
        "Avdeling for sild": ("Seksjon for stim", "Seksjon for garn"),
    },
    "Divisjon for fjell": {
        "Avdeling for topper": ("Seksjon for varder", "Seksjon for utsikt", "Seksjon for nordvegger"),
        "Avdeling for stier": ("Seksjon for T-merking", "Seksjon for klopper", "Seksjon for steintrapper"),
        "Avdeling for bre": ("Seksjon for blåis", "Seksjon for morener"),
    },
    "Divisjon for vær": {
        "Avdeling for regn": ("Seksjon for yr", "Seksjon for skybrudd", "Seksjon for paraplyer"),
        "Avdeling for vind": ("Seksjon for bris", "Seksjon for kuling"),
    },
    "Divisjon for ekko": {
        "Avdeling for rop": ("Seksjon for jodling", "Seksjon for lur"),
        "Avdeling for stillhet": ("Seksjon for måling", "Seksjon for vidde"),
    },
    "Virksomhetsstyring": {
        "Avdeling for folk": (),
        "Avdeling for økonomi": (),
        "Avdeling for kart": (),
    },
}


def fictional_tree() -> UnitTree:
    """A fictional directorate: three levels, leader rows, catch-alls, about 60 units."""
    rows: list[tuple[tuple[str, ...], int | None]] = []
    for division, departments in _DIVISIONS.items():
        for department, sections in departments.items():
            rows += [((division, department, section), None) for section in sections]
            rows.append(((division, department, "ingen"), None) if sections else ((division, department), None))
        rows.append(((division, "avdelingsledelse"), None))
    rows += [(("Stab",), None), (("ingen",), None)]
    return UnitTree.from_rows(rows)


PEOPLE = tuple(
    (name, synthetic_identity_number(serial))
    for serial, name in enumerate(
        (
            "Kari Fjellvik",
            "Ola Strandnes",
            "Amina Lundgård",
            "Per Høgmo",
            "Ingrid Sætervik",
            "Jonas Elvebakk",
            "Máret Vuolabson",
            "Tuva Brattland",
        )
    )
)
"""Name and synthetic identity number. All may answer; some also act for organisations, or are staff."""
LEADER, CONTACT, STAFF = 4, 5, 7
"""Their places in PEOPLE."""


def rights_in_fiction(number: str, name: str) -> dict[int, tuple[Representation, ...]]:
    """Place in PEOPLE -> what that person may do for the organisation, and for another one beside it."""
    organisations = ((number, name), (ANOTHER_NUMBER, ANOTHER_NAME))
    rights = {CONTACT: frozenset({Right.ORDER}), LEADER: frozenset({Right.SIGN})}
    return {place: tuple(Representation(*each, own) for each in organisations) for place, own in rights.items()}
