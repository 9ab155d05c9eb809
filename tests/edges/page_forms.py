"""The forms of a page: where they send to, and what is in their fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

TEXT_TYPES = {"text", "search", "url", "email", "number", "date", "datetime-local", "time", "tel",
              "password"}  # fmt: skip


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    """Names of the fields that people write in."""
    choices: list[str] = field(default_factory=list)
    """Names of the fields that people choose in, or that the page fills in for them."""
    files: list[str] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, ...]:
        return (self.method, *sorted(self.fields), *sorted(self.files))


class _Parser(HTMLParser):
    def __init__(self, page: str, html: str) -> None:
        super().__init__()
        self.page, self.found = page, list[Form]()
        self._form: Form | None = None
        self._select, self._area = "", ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            method = "post" if "hx-post" in given else given.get("method", "get").lower()
            action = given.get("hx-post") or given.get("action") or self.page
            self._form = Form(urlsplit(urljoin(self.page, action)).path, method)
            if method in ("get", "post"):
                self.found.append(self._form)
        elif self._form is None or (not name and tag != "option"):
            return
        elif tag == "textarea":
            self._area = name
            self._form.texts.append(name)
            self._form.fields.setdefault(name, [""])
        elif tag == "select":
            self._select = name
            self._form.choices.append(name)
        elif tag == "option" and self._select:
            if self._select not in self._form.fields or "selected" in given:
                self._form.fields[self._select] = [given.get("value", "")]
        elif tag in ("input", "button"):
            default = "submit" if tag == "button" else "text"
            self._input(self._form, given.get("type", default), name, given)

    def _input(self, form: Form, kind: str, name: str, given: dict[str, str]) -> None:
        if name == "csrfmiddlewaretoken":
            return
        if kind == "file":
            form.files.append(name)
        elif kind in TEXT_TYPES:
            form.texts.append(name)
            form.fields[name] = [given.get("value", "")]
        elif kind not in ("checkbox", "radio", "submit") or "checked" in given:
            form.choices.append(name)
            form.fields.setdefault(name, []).append(given.get("value", "on"))
        elif kind in ("checkbox", "radio"):
            form.choices.append(name)

    def handle_data(self, data: str) -> None:
        if self._area and self._form is not None:
            self._form.fields[self._area][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""
        elif tag == "form":
            self._form = None


def forms_of(page: str, html: str) -> list[Form]:
    return _Parser(page, html).found
