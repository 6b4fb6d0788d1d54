"""Names of units: which are made for a unit's own staff, and which look alike."""

from __future__ import annotations

import re
import unicodedata

_OWN_STAFF = re.compile(
    r"\b(ingen|andre|andra|annet|anna|øvrige?|resten|leder|leiar|stab|staben"
    r"|none|others?|rest|leaders?|leadership|management|staff)\b"
    r"|(ledelsen?|ledere|lederne|leiinga?|leiarar)\b"
)


def is_own_staff_name(name: str) -> bool:
    """Whether `name` is made for a unit's own leaders and employees: "ingen", "avdelingsledelse", "andre ansatte".

    Such names may well be repeated under every parent.
    """
    return _OWN_STAFF.search(name.casefold()) is not None


class _LookAlikes(dict[int, str]):
    """What each character looks like, for `str.translate`; after Unicode TR39, for the letters that occur here."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        match unicodedata.category(character):
            case "Zs" | "Cf" | "Cc" | "Mn":
                look = ""
            case "Pd":
                look = "-"
            case "Pi" | "Pf":
                look = "'"
            case _:
                look = character
        self[code] = look
        return look


_LOOKS = _LookAlikes()
_LOOKS.update(
    (ord(character), look)
    for character, look in zip(
        'АВЕКМНОРСТУХІЈЅԚԜӨӔавекмнорстухіјѕһԁԛԝөӕΑΒΕΖΗΙΚΜΝΟΡΤΥΧαβεικνορτυχ−"`´″∅',
        "ABEKMHOPCTYXIJSQWØÆabekmhopctyxijshdqwøæABEZHIKMNOPTYXabeikvoptux-''''ø",
        strict=True,
    )
)
_ALIKE_IN_ANY_CASE = str.maketrans("1|iı0", "llllo")


def skeleton(name: str) -> str:
    """What `name` looks like to a reader in a hurry: no case, no blanks, one form of look-alike characters."""
    return unicodedata.normalize("NFKC", name).translate(_LOOKS).casefold().translate(_ALIKE_IN_ANY_CASE)
