"""A browser without JavaScript that looks at every page it is given."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bs4 import BeautifulSoup, Tag
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

LANGUAGES = ("nb", "nn", "en")
_REDIRECTS = {301, 302, 303, 307, 308}


def check_page(html: str) -> BeautifulSoup:
    """What holds on every page (house.md 4); the page, parsed."""
    page = BeautifulSoup(html, "html.parser")
    assert len(page.find_all("h1")) == 1, "not one h1"
    assert page.title is not None
    assert len(page.title.get_text(strip=True)) > len("– MUST")
    assert page.html is not None
    assert page.html.get("lang") in LANGUAGES
    check_fragment(page)
    assert "{{" not in html
    assert "%(" not in html, "a placeholder was left"
    return page


def check_fragment(part: BeautifulSoup) -> None:
    ids = [str(tag["id"]) for tag in part.find_all(id=True)]
    assert len(ids) == len(set(ids)), f"an id twice: {ids}"
    for form in part.find_all("form"):
        _check_form(form)
    for field in part.find_all(["input", "select", "textarea"]):
        _check_label(part, field)
    for tag in part.find_all(True):
        assert not tag.has_attr("style"), f"inline style: {tag}"
        assert not [name for name in tag.attrs if name.startswith("on") or name.startswith("hx-on")], f"handler: {tag}"
        for name in ("src", "href", "action"):
            assert not str(tag.get(name, "")).startswith(("javascript:", "//")), f"foreign or inline: {tag}"
    for script in part.find_all("script"):
        assert str(script.get("src", "")).startswith("/static/")
        assert not script.get_text(strip=True)
    assert not part.find("style")
    for reference in part.select("[aria-labelledby], [aria-describedby]"):
        named = f"{reference.get('aria-labelledby', '')} {reference.get('aria-describedby', '')}".split()
        assert set(named) <= set(ids), f"{named} names nothing"


def _check_form(form: Tag) -> None:
    assert form.get("action"), f"no action: {form.attrs}"
    assert form.get("method") in ("get", "post"), f"no method: {form.attrs}"
    for attribute in ("hx-post", "hx-get"):
        assert form.get(attribute) in (None, form["action"]), "htmx goes elsewhere than the form"
    has_token = form.find("input", attrs={"name": "csrf_token"}) is not None
    assert has_token == (form["method"] == "post"), "a token where something changes, and only there"


def _check_label(page: BeautifulSoup, field: Tag) -> None:
    if field.get("type") in ("hidden", "submit"):
        return
    label = field.find_parent("label") or page.find("label", attrs={"for": str(field.get("id"))})
    assert isinstance(label, Tag), f"no label: {field}"
    assert label.get_text(strip=True)


class Browser:
    """Follows redirects, remembers the page, and sends its forms with what stands in them."""

    def __init__(self, client: FlaskClient, code: str) -> None:
        self.client = client
        self.code = code
        self.page = BeautifulSoup("", "html.parser")
        self.path = ""
        self.status = 0
        self.html = ""

    def address(self, step: str = "") -> str:
        return f"/s/{self.code}/{step}".rstrip("/")

    def get(self, path: str, *, language: str | None = "en") -> BeautifulSoup:
        headers = {"Accept-Language": language} if language else {}
        return self._arrive(self.client.get(path, headers=headers), language)

    def go(self, step: str = "", *, language: str | None = "en") -> BeautifulSoup:
        return self.get(self.address(step), language=language)

    def send(
        self, form: str = "main form", *, button: Mapping[str, str] | None = None, language: str = "en", **fields: str
    ) -> BeautifulSoup:
        """Send the first form that `form` selects: what stands in it, changed by `fields`, pressed with `button`."""
        found = self.page.select_one(form)
        assert found is not None, f"no {form} at {self.path}"
        data = {**self.standing_in(found), **fields, **(button or {})}
        headers = {"Accept-Language": language}
        if found["method"] == "get":
            return self._arrive(self.client.get(str(found["action"]), query_string=data, headers=headers), language)
        return self._arrive(self.client.post(str(found["action"]), data=data, headers=headers), language)

    @staticmethod
    def standing_in(form: Tag) -> dict[str, str]:
        """What a browser would send of this form if no button had a name."""
        data = {}
        for field in form.find_all(["input", "select"]):
            name = str(field.get("name", ""))
            if field.name == "select":
                chosen = field.select_one("option[selected]") or field.select_one("option")
                data[name] = str(chosen["value"]) if chosen else ""
            elif field.get("type") == "radio":
                if field.has_attr("checked"):
                    data[name] = str(field["value"])
            elif name:
                data[name] = str(field.get("value", ""))
        return data

    def post(self, step: str, **fields: str) -> TestResponse:
        """Send `fields` with the token of the last page, and look at the answer oneself."""
        data = {"csrf_token": self.token, **fields}
        return self.client.post(self.address(step), data=data, headers={"Accept-Language": "en"})

    def partial(self, path: str, data: Mapping[str, str] | None = None) -> str:
        """What htmx is given to put into the page."""
        headers = {"HX-Request": "true", "HX-Request-Type": "partial", "Accept-Language": "en"}
        if data is None:
            answer = self.client.get(path, headers=headers)
        else:
            answer = self.client.post(path, data={"csrf_token": self.token, **data}, headers=headers)
        self.status = answer.status_code
        assert "HX-Request-Type" in answer.headers.get("Vary", "") or self.status == 204
        return answer.text

    def autosave(self, number: int, **answers: str) -> str:
        """Send page `number` as htmx does after a change."""
        form = self.page.select_one("#answers")
        assert form is not None
        return self.partial(self.address(f"page/{number}"), {**self.standing_in(form), **answers, "save": "1"})

    @property
    def token(self) -> str:
        found = self.page.select_one("input[name=csrf_token]")
        assert found is not None, f"no token at {self.path}"
        return str(found["value"])

    @property
    def text(self) -> str:
        main = self.page.main
        assert main is not None
        return re.sub(r"\s+", " ", main.get_text(" ", strip=True))

    @property
    def heading(self) -> str:
        assert self.page.h1 is not None
        return self.page.h1.get_text(strip=True)

    @property
    def chosen(self) -> dict[str, str]:
        """The radios that are set on this page."""
        return {str(radio["name"]): str(radio["value"]) for radio in self.page.select("input[type=radio][checked]")}

    def _arrive(self, answer: TestResponse, language: str | None) -> BeautifulSoup:
        for _ in range(6):
            if answer.status_code not in _REDIRECTS:
                break
            assert answer.status_code == 303, "a success that does not go on with GET"
            headers = {"Accept-Language": language} if language else {}
            answer = self.client.get(answer.headers["Location"], headers=headers)
        self.status = answer.status_code
        self.path = answer.request.path
        self.html = answer.text
        self.page = check_page(answer.text)
        _check_headers(answer)
        return self.page

    # What an employee does, in one.

    def log_in(self, person: int = 0) -> None:
        self.go("login")
        self.send(person=str(person))

    def begin(self, person: int = 0, unit: Mapping[str, str] | None = None) -> None:
        """Log in, say no to research, choose a unit; afterwards at page 1."""
        self.log_in(person)
        self.send(button={"consent": "no"})
        self.send("#unit", button={"go": "next"}, **(unit or {"level_1": "5"}))


def _check_headers(answer: TestResponse) -> None:
    headers = answer.headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
