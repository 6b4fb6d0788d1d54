"""Every sentence is there in every language, with the same placeholders, and nothing is left over."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from app.domain.instrument import CURRENT_VERSION, load_instrument

ROOT = Path(__file__).parents[2]
LANGUAGES = [language for language in load_instrument(CURRENT_VERSION).languages if language != "en"]
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What the code and the templates say today."""
    file = tmp_path_factory.mktemp("translations") / "messages.pot"
    command = [sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract", "-F", "babel.cfg"]
    subprocess.run([*command, "-k", "N_", "-k", "lazy_gettext", "-o", str(file), "."], cwd=ROOT, check=True)
    with file.open("rb") as stream:
        return read_po(stream)


def catalog(language: str) -> Catalog:
    with (ROOT / "translations" / language / "LC_MESSAGES" / "messages.po").open("rb") as stream:
        return read_po(stream, locale=language)


def texts(value: object) -> list[str]:
    return list(value) if isinstance(value, tuple | list) else [str(value)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_missing_fuzzy_or_left_over(template: Catalog, language: str) -> None:
    said = {message.id for message in template if message.id}
    translated = {message.id: message for message in catalog(language) if message.id}
    assert said - set(translated) == set()
    assert set(translated) - said == set()
    assert [message.id for message in translated.values() if not all(texts(message.string))] == []
    assert [message.id for message in translated.values() if message.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_are_the_same(language: str) -> None:
    for message in catalog(language):
        if message.id:
            wanted = {name for text in texts(message.id) for name in PLACEHOLDER.findall(text)}
            assert {name for text in texts(message.string) for name in PLACEHOLDER.findall(text)} == wanted, message.id


def test_there_is_a_folder_per_language_and_no_other() -> None:
    folders = {path.name for path in (ROOT / "translations").iterdir() if path.is_dir()}
    assert folders == set(LANGUAGES)
