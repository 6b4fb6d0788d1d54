"""The file that says who may act for whom: what it may hold, and how a mistake in it is told."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.adapters.local_rights import LocalPerson, LocalRights, write_local_rights
from app.domain.errors import DomainError
from app.domain.identifiers import synthetic_identity_number
from app.domain.rights import Representation, Right

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
PID, ANOTHER = synthetic_identity_number(7), synthetic_identity_number(8)
NAME = "Kari Prøvesen"
AGENCY, BRANCH = "310000000", "974760673"
BOTH = Representation(AGENCY, "Prøvetilsynet", frozenset(Right))
ORDER = Representation(BRANCH, "Prøvetilsynet, Bodø", frozenset({Right.ORDER}))
ORGANISATION = '[[people.organisations]]\nnumber = "310 000 000"\nname = "Prøvetilsynet"\nrights = ["sign", "order"]\n'
PERSON = f'[[people]]\nnumber = "{PID}"\nname = "{NAME}"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rights.toml"


def mistake(path: Path, text: str | bytes) -> tuple[str, str]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return refusal(path)


def refusal(path: Path) -> tuple[str, str]:
    with pytest.raises(DomainError) as caught:
        LocalRights(path).rights_of(PID, NOW)
    assert caught.value.code == "rights.file_invalid"
    assert set(caught.value.values) == {"where", "problem"}
    assert not any(word in str(caught.value) for word in (PID, NAME, str(path), "Prøve"))
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value.values["where"]), str(caught.value.values["problem"])


def test_person_may_act_for_what_the_file_says(path: Path) -> None:
    path.write_text(PERSON + ORGANISATION, encoding="utf-8")
    assert LocalRights(path).rights_of(PID, NOW) == (BOTH,)
    assert LocalRights(path).rights_of(f"{PID[:6]} {PID[6:]}", NOW) == (BOTH,)


def test_person_who_is_not_in_the_file_may_act_for_nobody(path: Path) -> None:
    path.write_text(PERSON + ORGANISATION, encoding="utf-8")
    assert LocalRights(path).rights_of(ANOTHER, NOW) == ()


@pytest.mark.parametrize("text", ["", "# Nobody yet.\n", "people = []\n"])
def test_file_may_be_empty(path: Path, text: str) -> None:
    path.write_text(text)
    assert LocalRights(path).rights_of(PID, NOW) == ()


def test_person_may_have_no_organisation(path: Path) -> None:
    path.write_text(PERSON, encoding="utf-8")
    assert LocalRights(path).rights_of(PID, NOW) == ()


def test_file_that_has_changed_is_read_again(path: Path) -> None:
    local = LocalRights(path)
    write_local_rights(path, [LocalPerson(PID, NAME, (BOTH,))])
    assert local.rights_of(PID, NOW) == (BOTH,)
    write_local_rights(path, [LocalPerson(PID, NAME, (ORDER,))])
    assert local.rights_of(PID, NOW) == (ORDER,)
    path.write_text("people = 7")
    with pytest.raises(DomainError, match=r"rights\.file_invalid"):
        local.rights_of(PID, NOW)
    path.unlink()
    with pytest.raises(DomainError, match=r"rights\.file_invalid"):
        local.rights_of(PID, NOW)


def test_file_that_has_not_changed_is_read_once(path: Path) -> None:
    local = LocalRights(path)
    path.write_text(PERSON + ORGANISATION, encoding="utf-8")
    before = path.stat()
    assert local.rights_of(PID, NOW) == (BOTH,)
    path.write_text("x" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert local.rights_of(PID, NOW) == (BOTH,)


# Writing.


@pytest.mark.parametrize(
    "name", [NAME, 'Kari "K" Ås', "a\\b", "linje\nto", "tab\tog\x7f\x00", "😀", "'''", '"""', "# x"]
)
def test_what_is_written_is_read(path: Path, name: str) -> None:
    held = Representation(AGENCY, name, frozenset({Right.SIGN}))
    write_local_rights(path, [LocalPerson(ANOTHER, NAME, ()), LocalPerson(PID, name, (ORDER, held))])
    assert LocalRights(path).rights_of(PID, NOW) == (ORDER, held)
    assert LocalRights(path).rights_of(ANOTHER, NOW) == ()


def test_file_is_for_its_owner_alone(path: Path) -> None:
    path.write_text("")
    path.chmod(0o644)
    write_local_rights(path, [])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_person_is_in_no_representation() -> None:
    text = repr(LocalPerson(PID, NAME, (ORDER,)))
    assert PID not in text
    assert NAME not in text


def test_provider_may_know_people_by_names_of_its_own(path: Path) -> None:
    write_local_rights(path, [LocalPerson("x-17f@provider", NAME, (ORDER,))])
    assert LocalRights(path).rights_of("x-17f@provider", NOW) == (ORDER,)


# Mistakes.


def test_missing_file_is_told(path: Path) -> None:
    assert refusal(path) == ("file", "No such file or directory")


def test_folder_is_no_file(path: Path) -> None:
    path.mkdir()
    assert refusal(path) == ("file", "Is a directory")


def test_place_of_a_slip_is_told_without_what_is_there(path: Path) -> None:
    assert mistake(path, f'{PERSON}x = "{PID}\n') == ("line 4, column 17", "is not TOML")
    assert mistake(path, f"[{PID}]\n[{PID}]\n")[1] == "is not TOML"
    assert mistake(path, b'x = "\xff"') == ("file", "is not UTF-8")


@pytest.mark.parametrize(
    ("text", "where", "problem"),
    [
        ("person = 1", "file", "has something besides people"),
        ("people = 7", "people", "must be tables, each under a name in double square brackets"),
        ("people = [7]", "people", "must be tables, each under a name in double square brackets"),
        ("[people]\nnumber = '1'", "people", "must be tables, each under a name in double square brackets"),
        ("[[people]]", "people[1]", "lacks name, number"),
        (PERSON + "rights = []", "people[1]", "has something besides name, number, organisations"),
        (PERSON + ORGANISATION + PERSON, "people[2]", "is the same person as one above"),
        (PERSON.replace(PID, PID[:-1] + "2"), "people[1].number", "is not an identity number"),
        (PERSON.replace(PID, "1234567890"), "people[1].number", "is not an identity number"),
        (PERSON.replace(f'"{PID}"', "1"), "people[1].number", "must be a text in quotes"),
        (PERSON.replace(f'"{NAME}"', "' '"), "people[1].name", "must be a text in quotes"),
        (PERSON + "organisations = 7", "people[1].organisations", "must be tables, each under a name in double"),
    ],
)
def test_mistake_about_a_person_is_told(path: Path, text: str, where: str, problem: str) -> None:
    told_where, told_problem = mistake(path, text)
    assert told_where == where
    assert told_problem.startswith(problem)


@pytest.mark.parametrize(
    ("old", "new", "where", "problem"),
    [
        ("310 000 000", "310 000 001", ".number", "is not an organisation number"),
        ('"310 000 000"', "310000000", ".number", "must be a text in quotes"),
        ('"Prøvetilsynet"', "1", ".name", "must be a text in quotes"),
        ('["sign", "order"]', "[]", ".rights", "must be a list of one or more of: order, sign"),
        ('["sign", "order"]', '"sign"', ".rights", "must be a list of one or more of: order, sign"),
        ('"sign", "order"', '"sign", "read"', ".rights", "must be a list of one or more of: order, sign"),
        ('"sign", "order"', "[1]", ".rights", "must be a list of one or more of: order, sign"),
        ("rights =", "right =", "", "lacks rights"),
        ("name =", "since = 2026\nname =", "", "has something besides name, number, rights"),
    ],
)
def test_mistake_about_an_organisation_is_told(path: Path, old: str, new: str, where: str, problem: str) -> None:
    another = PERSON.replace(PID, ANOTHER)
    text = another + PERSON + ORGANISATION.replace(old, new)
    assert mistake(path, text) == (f"people[2].organisations[1]{where}", problem)


def test_organisation_may_be_named_once(path: Path) -> None:
    told = mistake(path, PERSON + ORGANISATION + ORGANISATION)
    assert told == ("people[1].organisations[2]", "is the same organisation as one above")
