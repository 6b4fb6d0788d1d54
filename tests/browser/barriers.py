"""One page in every look: what axe-core finds (WCAG 2.2 AA and good practice), what scrolls sideways, what is not
translated. `pytest -s tests/browser/test_accessibility.py` prints the table of pages, looks and violations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from babel.messages.pofile import read_po
from playwright.sync_api import Page

from app import ROOT
from app.domain.instrument import CURRENT_VERSION, load_instrument
from app.domain.texts import CURRENT, Text, load_document
from app.web.language import languages, own_name

_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}
_RUN = """options => axe.run(options).then(({ violations }) => violations.map(
  ({ id, nodes }) => [id, ...nodes.slice(0, 3).map((node) => node.html + node.failureSummary)].join(" | ")))"""
_WORDS = """() => {
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) if (walker.currentNode.parentElement.lang !== "en") texts.push(walker.currentNode.data);
  for (const one of document.querySelectorAll("[aria-label]")) texts.push(one.getAttribute("aria-label"));
  const told = document.querySelectorAll("[data-failed], [data-copy], [data-waiting]"); // what scripts say later
  for (const one of told) texts.push(...Object.values(one.dataset));
  return [document.title, ...texts].map((text) => text.trim().replace(/\\s+/g, " ")).filter(Boolean);
}"""


@dataclass(frozen=True)
class Look:
    """How a page is looked at. 400 % of 1280 by 1024 pixels leaves 320 by 256."""

    name: str
    width: int
    height: int = 800
    scheme: str = "light"
    forced: bool = False

    def put_on(self, page: Page) -> None:
        page.set_viewport_size({"width": self.width, "height": self.height})
        forced: Any = "active" if self.forced else "none"
        scheme: Any = self.scheme
        page.emulate_media(color_scheme=scheme, forced_colors=forced, reduced_motion="reduce")


LOOKS: tuple[Look, ...] = (
    Look("320 px, dark", 320, scheme="dark"),
    Look("400 %", 320, 256),
    Look("forced colours", 1280, forced=True),
    Look("dark", 1280, scheme="dark"),
    Look("light", 1280),
)
IN_LANGUAGES = {"nb-NO": LOOKS, "en-GB": (LOOKS[0], LOOKS[-1]), "nn-NO": ()}
"""What differs between languages is the length of texts, and whether they are there at all."""


class Walk:
    """Looks at page after page, and remembers what was seen."""

    def __init__(self, page: Page, looks: Iterable[Look] = LOOKS) -> None:
        self.page = page
        self.looks = tuple(looks)
        self.seen: list[tuple[str, dict[str, int]]] = []

    def look(self, what: str) -> None:
        self.page.eval_on_selector_all("main details", "all => all.forEach((one) => { one.open = true; })")
        self.seen.append((what, check_every_look(self.page, what, self.looks)))

    def go(self, address: str, what: str) -> None:
        self.page.goto(address)
        self.look(what)

    def show(self, bare: Page, what: str) -> None:
        """What `bare` shows, a page that runs no scripts: the checker is one itself, so it is shown the same HTML."""
        html = re.sub(r"</?noscript>|<script.*?</script>", "", bare.content())
        self.page.route(bare.url, lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8"))
        self.go(bare.url, what)
        self.page.unroute(bare.url)

    def print(self, title: str) -> None:
        """The table of pages, looks and violations; of a language without looks only that all is translated."""
        print(f"\n{title}")
        for what, counts in self.seen:
            print(f"  {what:28}", *(f"{look} {count}" for look, count in counts.items()), sep="  ")


def press(page: Page, button: str) -> None:
    """Where no script runs each button leads to a page: wait until all of it is there."""
    with page.expect_navigation():
        page.click(button)


def check(page: Page, what: str) -> None:
    """Nothing is wrong with the page as it looks now."""
    found = violations(page)
    assert not found, f"{what}: {found}"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{what} scrolls sideways"


def check_every_look(page: Page, what: str, looks: Iterable[Look] = LOOKS) -> dict[str, int]:
    """Look -> violations: 0, since any is an error, as is a sentence in the source language."""
    assert not (left := untranslated(page)), f"{what}: {left}"
    if re.search("/(organisation|staff)/(?!log)", page.url):
        assert page.locator("link[href*=desk]").count(), f"{what} does without the desk's styles"
    counts = {}
    for look in looks:
        look.put_on(page)
        check(page, f"{what}, {look.name}")
        counts[look.name] = 0
    return counts


def violations(page: Page) -> list[str]:
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_axe())
    found: list[str] = page.evaluate(_RUN, _OPTIONS)
    return found


def untranslated(page: Page) -> list[str]:
    """What the page says in the source language though it is in another."""
    language = str(page.get_attribute("html", "lang"))
    if language == "en":
        return []
    texts: list[str] = page.evaluate(_WORDS)
    return [text for text in texts if _is_source(text, language)]


def _is_source(text: str, language: str) -> bool:
    exact, patterns = _sources(language)
    return text in exact or any(pattern.fullmatch(text) for pattern in patterns)


@cache
def _sources(language: str) -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """English sentences that read otherwise in `language`; those with placeholders as patterns."""
    gap = re.compile(r"%\([a-z_]+\)[sd]|\{[a-z_]+\}")
    words = re.compile("[A-Za-z]{3}")
    sources = {text for text in (*_of_interface(language), *_of_data(language)) if words.search(gap.sub("", text))}
    with_gaps = {text for text in sources if gap.search(text)}
    patterns = (".+".join(map(re.escape, gap.split(text))) for text in with_gaps)
    return frozenset(sources - with_gaps - {own_name(code) for code in languages()}), tuple(map(re.compile, patterns))


def _of_interface(language: str) -> Iterator[str]:
    with (ROOT / "translations" / language / "LC_MESSAGES" / "messages.po").open("rb") as stream:
        for message in read_po(stream, locale=language):
            ours = message.id if isinstance(message.id, tuple | list) else (message.id,)
            theirs = message.string if isinstance(message.string, tuple | list) else (message.string,)
            if message.id:
                yield from (" ".join(text.split()) for text in set(ours) - set(theirs))


def _of_data(language: str) -> Iterator[str]:
    instrument = load_instrument(CURRENT_VERSION)
    texts: list[Text] = [instrument.no_answer]
    for theme in instrument.themes:
        texts += [theme.name, *(item.text for item in theme.items), *theme.scale.categories]
    texts += [text for name in CURRENT for text in load_document(name).texts]
    return (text["en"] for text in texts if text["en"] != text[language])


@cache
def _axe() -> str:
    return str(Axe().axe_script)
