"""Catalogs of translated texts: found in the sources, renewed, and compiled for Django to read.

python -m common.catalogs           # compiles the catalogs that changed, as bin/up does
python -m common.catalogs renew     # brings them up to date with the sources
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
PLURAL, IN_CONTEXT = (1, 2), ((1, "c"), 2)
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": PLURAL,
    "ngettext_lazy": PLURAL,
    "pgettext": IN_CONTEXT,
    "pgettext_lazy": IN_CONTEXT,
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
"""Functions that mark texts, with the places of what they are given."""
HEADER = r"""msgid ""
msgstr ""
"Language: {language}\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: {plurals}\n"
"""
"""Without names, dates and tools, which would change with every renewal."""
_LINE_BEGINS = re.compile(r"^[ \t]{1,200}", re.MULTILINE)


def catalogs() -> list[Path]:
    """The files that translators edit: one for each language in each package that shows texts."""
    places = ("locale", "*/locale")
    return sorted(file for place in places for file in ROOT.glob(f"{place}/*/LC_MESSAGES/*.po"))


def read_catalog(file: Path) -> Catalog:
    with file.open("rb") as opened:
        return read_po(opened, locale=file.parts[-3], abort_invalid=True)


def compile_catalogs() -> None:
    """Write the `.mo` of each catalog that is newer than its own."""
    for file in catalogs():
        compiled = file.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime > file.stat().st_mtime:
            continue
        # Several processes may do it at once, and a server may be reading it.
        written = compiled.with_suffix(".new")
        with written.open("wb") as opened:
            write_mo(opened, read_catalog(file))
        written.replace(compiled)


def marked_texts(catalog: Path) -> Catalog:
    """The texts that the package of this catalog marks, in the order of its files."""
    package, found = catalog.parents[3], Catalog()
    templates = package / "templates"
    modules = sorted(package.rglob("*.py")) if package != ROOT else []
    for file in [*modules, *sorted(templates.rglob("*.html"))]:
        for text, context in _marked_in(file):
            found.add(text, context=context)
    return found


def _marked_in(file: Path) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    source = file.read_text()
    if file.suffix == ".html":
        # Made to be read as Python by a tool that ignores how lines begin.
        source = _LINE_BEGINS.sub("", templatize(source))
    elif "gettext" not in source:
        return
    for _line, text, _comments, context in extract("python", io.BytesIO(source.encode()), KEYWORDS):
        yield text, context


def renew_catalog(file: Path) -> Catalog:
    """The catalog with the texts that the sources mark now; new ones have no translation yet."""
    renewed = read_catalog(file)
    renewed.update(marked_texts(file), no_fuzzy_matching=True)
    renewed.obsolete.clear()
    return renewed


def untranslated(catalog: Catalog) -> list[Message]:
    """Its texts without a translation, or with one that a person has not confirmed."""
    return [each for each in catalog if each.id and (each.fuzzy or not _is_translated(each))]


def _is_translated(message: Message) -> bool:
    translation = message.string
    return all(translation) if isinstance(translation, tuple | list) else bool(translation)


def write_catalog(file: Path, catalog: Catalog) -> None:
    body = io.BytesIO()
    write_po(body, catalog, width=0, no_location=True, omit_header=True)
    header = HEADER.format(language=catalog.locale_identifier, plurals=catalog.plural_forms)
    file.write_text(f"{header}\n{body.getvalue().decode().lstrip()}")


def main(words: list[str]) -> None:
    if words == ["renew"]:
        for file in catalogs():
            renewed = renew_catalog(file)
            write_catalog(file, renewed)
            print(f"{file.relative_to(ROOT)}: {len(untranslated(renewed))} to translate")
    compile_catalogs()


if __name__ == "__main__":
    main(sys.argv[1:])
