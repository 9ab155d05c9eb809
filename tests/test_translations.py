"""Every text of a page can be translated, and is: the catalogs are complete and up to date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.utils import translation

from common.catalogs import ROOT, catalogs, read_catalog, renew_catalog, untranslated

SCRIPTS = ROOT / "static" / "causebook"
COVERED = ("templates", "incidents", "accounts", "analysis", "kb", "practice")
"""Packages, and the templates of all, in which no text is unmarked."""
IN_ENGLISH = {
    "templates/400.html": "a broken request is answered without reading who sent it",
    "templates/500.html": "nothing is read when the product itself fails",
    "kb/templates/kb/exports": "files, which are the same for every reader",
    "templates/styleguide": "for those who work on the product",
}
NAMES = {
    "Causebook",
    "INC",
    "UTC",
    "SVG",
    "PNG",
    "CSV",
    "JSON",
    "API",
    "CPU",
    "Markdown",
    "min",
    "ms",
    "Prometheus",
    "URL",
    "MTTD",
    "MTTM",
    "MTTR",
}
"""Words, names and units that are the same in every language."""
SHOWN = {"title", "aria-label", "placeholder", "alt", "label", "hx-confirm", "hx-prompt"}
"""Attributes whose values people read; those of `data-` that begin like a sentence are, too."""
WRITTEN_AS_IS = {"code", "kbd", "pre", "samp", "script", "style"}

NOTES = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", re.DOTALL)
MARKED = re.compile(r"\{% blocktranslate\b.*?\{% endblocktranslate %\}", re.DOTALL)
TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
MARKED_PARTS = re.compile(r"""\{% translate .*?%\}|_\((?:"[^"]*"|'[^']*')\)""")
DATES = re.compile(r"""\|(?:date|time):(?:"[^"]*"|'[^']*')""")
LITERAL = re.compile(r""""([^"]*)"|'([^']*)'""")
FILTERED = re.compile(r"""\|(?:default(?:_if_none)?|yesno|pluralize):?(?:"([^"]*)"|'([^']*)')?""")
PAIR = re.compile(r"[\w.-]+=[\w.-]+")
"""A label with its value, as monitors write it."""
WORD = re.compile(r"[^\W\d_]{2,}")


def words_in(text: str) -> bool:
    return any(word not in NAMES for word in WORD.findall(PAIR.sub("", text)))


def begins_like_a_sentence(text: str) -> bool:
    return bool(re.match(r"[A-Z][a-z]|\w+ \w", text)) and words_in(text)


class _Shown(HTMLParser):
    """The unmarked texts of a template, with what Django puts there removed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.unmarked: list[str] = []
        self._as_is = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._as_is += tag in WRITTEN_AS_IS
        for name, value in attrs:
            is_data = name.startswith("data-") and begins_like_a_sentence(value or "")
            if value and ((name in SHOWN and words_in(value)) or is_data):
                self.unmarked.append(f"{name}={value}")

    def handle_endtag(self, tag: str) -> None:
        self._as_is -= tag in WRITTEN_AS_IS

    def handle_data(self, data: str) -> None:
        if not self._as_is and words_in(data):
            self.unmarked.append(" ".join(data.split()))


def unmarked_texts(source: str) -> list[str]:
    source = MARKED.sub("", NOTES.sub("", source))
    return [*_unmarked_in_tags(source), *_Shown(TAG.sub("", source)).unmarked]


def _unmarked_in_tags(source: str) -> Iterator[str]:
    for tag in TAG.findall(source):
        rest = DATES.sub("", MARKED_PARTS.sub("", tag))
        for groups in LITERAL.findall(rest):
            yield from (text for text in groups if begins_like_a_sentence(text))
        for found in FILTERED.finditer(rest):
            if "pluralize" in found[0] or words_in(found[1] or found[2] or ""):
                yield found[0]


def covered_templates() -> Iterator[Path]:
    for name in COVERED:
        folder = ROOT / name if name == "templates" else ROOT / name / "templates"
        yield from sorted(folder.rglob("*.html"))


def test_every_text_of_a_template_is_marked() -> None:
    found = {
        name: texts
        for path in covered_templates()
        if not (name := path.relative_to(ROOT).as_posix()).startswith(tuple(IN_ENGLISH))
        if (texts := unmarked_texts(path.read_text()))
    }
    assert found == {}


def test_scripts_hold_no_text_that_they_show() -> None:
    """Their texts come from the HTML, where they are translated."""
    shown = re.compile(r"""(?:textContent = |title = |["']aria-label["'], )["'`](.*)""")
    found = [text for path in SCRIPTS.glob("*.js") for text in shown.findall(path.read_text())]
    assert [text for text in found if words_in(text)] == []


def test_unmarked_texts_are_found_wherever_they_are() -> None:
    assert unmarked_texts("<p>Open {{ n }} {% if n %}incidents{% endif %}</p>") != []
    assert unmarked_texts('<button title="Close it">×</button>') == ["title=Close it"]
    assert unmarked_texts('<a data-command="File an incident">{{ name }}</a>') != []
    assert unmarked_texts('{% include "x.html" with title="Open incidents" %}') != []
    assert unmarked_texts('{{ owner|default:"nobody" }}') == ['|default:"nobody"']
    assert unmarked_texts("{{ n }}{{ n|pluralize }}") == ["|pluralize"]
    assert unmarked_texts('{% firstof reason "Not allowed." %}') == ["Not allowed."]
    assert unmarked_texts('{{ at|date:"D j M Y" }}') == []
    marked = '{% translate "Open" %} <b title="{% translate "Now" %}">{{ x|default:_("none") }}</b>'
    assert unmarked_texts(marked) == []
    assert unmarked_texts("{% blocktranslate %}Open <b>now</b>{% endblocktranslate %}") == []


@pytest.mark.parametrize("path", catalogs(), ids=lambda path: path.parents[3].name)
def test_a_catalog_is_complete_and_up_to_date(path: Path) -> None:
    """`python -m common.catalogs renew` brings it up to date."""
    catalog, renewed = read_catalog(path), renew_catalog(path)
    texts = {(each.context, str(each.id)) for each in catalog if each.id}
    assert {(each.context, str(each.id)) for each in renewed if each.id} == texts
    assert [each.id for each in untranslated(catalog)] == []
    problems = [str(problem) for _, found in catalog.check() for problem in found]
    assert problems == []


@pytest.mark.parametrize("path", catalogs(), ids=lambda path: path.parents[3].name)
def test_words_that_libraries_translate_too_are_shown_as_the_product_translates_them(
    path: Path,
) -> None:
    with translation.override(path.parts[-3]):
        other = {
            each.id: shown
            for each in read_catalog(path)
            if each.id and isinstance(each.id, str)
            if (shown := _shown_now(each.id, each.context)) != each.string
        }
    assert other == {}


def _shown_now(text: str, context: str | None) -> str:
    return translation.pgettext(context, text) if context else translation.gettext(text)


def test_a_text_has_one_translation_in_all_packages() -> None:
    """Django merges the catalogs: of two translations one would never be seen."""
    seen: dict[tuple[str, str | None, str], set[str]] = {}
    for path in catalogs():
        for each in read_catalog(path):
            if each.id:
                key = (path.parts[-3], each.context, str(each.id))
                seen.setdefault(key, set()).add(str(each.string))
    assert {key: each for key, each in seen.items() if len(each) > 1} == {}
