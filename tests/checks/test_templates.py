"""What holds for every page template, read from the files themselves (house.md 4)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import StrictUndefined, nodes

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "templates"
TEMPLATES = sorted(path for path in FOLDER.rglob("*.html") if "reports" not in path.parts)
STYLES = sorted((ROOT / "static" / "css").glob("*.css"))
SCRIPTS = sorted((ROOT / "static").glob("*.js"))

_JINJA = re.compile(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_TRANSLATED = re.compile(r"\{%-?\s*trans\b.*?\bendtrans\s*-?%\}", re.DOTALL)
_TAG = re.compile(r"<[^>]*>", re.DOTALL)
_SHOWN_ATTRIBUTE = re.compile(r'\b(?:aria-label|title|alt|placeholder)="([^"]*)"')
_LETTERS = re.compile(r"[A-Za-zÆØÅæøå]{2,}")
UNTRANSLATED = {"MUST"}


def name(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


@pytest.fixture(params=TEMPLATES, ids=name)
def template(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_nothing_is_marked_as_safe(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe\b|autoescape\s+false|Markup", text)


def test_nothing_is_inline(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|hx-on|javascript:|hx-vals=.js:|\[.*\]\s*\"\s*hx-trigger", text)
    for script in re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL):
        assert not script.strip()


def test_nothing_comes_from_elsewhere(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text)


def test_every_sentence_is_translated(template: Path) -> None:
    text = _TRANSLATED.sub("", template.read_text(encoding="utf-8"))
    left = _TAG.sub(" ", _JINJA.sub(" ", text))
    assert set(_LETTERS.findall(left)) <= UNTRANSLATED
    for value in _SHOWN_ATTRIBUTE.findall(_JINJA.sub("", text)):
        assert not _LETTERS.search(value)


def test_every_form_says_where_and_how_and_posts_carry_a_token(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    for form in re.findall(r"<form\b.*?</form>", text, re.DOTALL):
        opening = form[: _end_of_tag(form)]
        assert "action=" in opening
        assert "method=" in opening
        if 'method="post"' in opening:
            assert "token()" in form


def test_htmx_goes_where_the_form_goes(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"hx-(?:put|patch|delete)", text)
    for target in re.findall(r'hx-(?:post|get)="([^"]*)"', text):
        assert target == "{{ here }}", "the address of this very page"


def test_colours_are_named_once() -> None:
    """Colours are tokens, so that dark, print and contrast stay in one place."""
    for style in STYLES:
        if style.stem not in ("tokens", "base"):
            assert not re.search(r"#[0-9a-f]{3,8}\b|rgba?\(", style.read_text(encoding="utf-8")), style.name


def test_styles_and_scripts_load_nothing() -> None:
    for path in (*STYLES, *SCRIPTS):
        assert not re.search(r"@import|url\(|https?://|eval\(|innerHTML", path.read_text(encoding="utf-8")), path.name


def test_every_template_compiles_and_is_used(app: Flask) -> None:
    assert app.jinja_env.undefined is StrictUndefined
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "app" / "web").rglob("*.py"))
    referenced: set[str] = set()
    for path in TEMPLATES:
        tree = app.jinja_env.parse(path.read_text(encoding="utf-8"))
        for node in tree.find_all((nodes.Extends, nodes.Include, nodes.FromImport)):
            referenced |= {const.value for const in node.find_all(nodes.Const) if isinstance(const.value, str)}
    for path in TEMPLATES:
        is_rendered = name(path) in code or f'"{path.stem}"' in code
        assert is_rendered or name(path) in referenced, f"{name(path)} is used nowhere"


def _end_of_tag(form: str) -> int:
    """Where the opening tag ends; expressions in it may hold a ">"."""
    return _JINJA.sub(lambda found: " " * len(found.group()), form).index(">")
