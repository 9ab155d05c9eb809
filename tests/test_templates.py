"""Templates, style sheets and scripts keep a readable shape, and nothing in them is dead."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("incidents", "kb", "analysis", "practice", "accounts")
FOLDERS = [ROOT / "templates", *(ROOT / package / "templates" for package in PACKAGES)]
TEMPLATES = {
    path.relative_to(folder).as_posix(): path
    for folder in FOLDERS
    for path in sorted(folder.rglob("*"))
    if path.is_file()
}
STATIC = ROOT / "static" / "causebook"
SHEETS = ("tokens", "base", "layout", "components", "charts", "pages")
SAMPLES = {f"styleguide/_{part}.html" for part in ("components", "drawings", "forms")}
"""Parts of the style guide, which show what others use."""
NAMED_BY_DJANGO = {"403.html", "404.html", "500.html"}
NAMED_BY_LIBRARY = {
    "account/signup_closed.html",
    "account/email/password_reset_key_message.txt",
    "account/email/password_reset_key_subject.txt",
    "socialaccount/authentication_error.html",
    "socialaccount/login.html",
}
"""The sign-in library asks for them, and has others of its own by these names."""
MOST = 120

TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
CLASSES = re.compile(r'\bclass="((?:\{%.*?%\}|\{\{.*?\}\}|[^"])*)"', re.DOTALL)
TEMPLATE_NAME = re.compile(r"[\"']([\w/]+\.(?:html|svg|md))[\"']")


@cache
def text_of(path: Path) -> str:
    return path.read_text()


@cache
def python_nodes() -> list[ast.AST]:
    files = [
        file for folder in (*PACKAGES, "common", "config") for file in (ROOT / folder).rglob("*.py")
    ]
    return [node for file in files for node in ast.walk(ast.parse(text_of(file)))]


def strings_in(nodes: Iterable[ast.AST]) -> set[str]:
    """Every string among them, parts of f-strings too."""
    return {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@cache
def python_strings() -> set[str]:
    return strings_in(python_nodes())


def rules_of(sheet: str) -> Iterator[tuple[str, str, str]]:
    """Each rule of a style sheet: the at-rules around it, its selector and its declarations."""
    text = re.sub(r"/\*.*?\*/", "", text_of(STATIC / f"{sheet}.css"), flags=re.DOTALL)
    around: list[str] = []
    for words, end in re.findall(r"([^{}]*)([{}])", text):
        if end == "{":
            around.append(" ".join(words.rpartition(";")[2].split()))
        else:
            opened = around.pop()
            if not opened.startswith("@") and not any("@keyframes" in each for each in around):
                yield " ".join(around), opened, words


def defined_classes(sheets: Iterable[str] = SHEETS) -> set[str]:
    return {
        name
        for sheet in sheets
        for _, selector, _ in rules_of(sheet)
        for name in re.findall(r"\.([A-Za-z][\w-]*)", selector)
    }


def classes_in(text: str) -> set[str]:
    return {word for value in CLASSES.findall(text) for word in TAG.sub(" ", value).split()}


def classes_of_templates(besides: Iterable[str] = ()) -> set[str]:
    paths = [path for name, path in TEMPLATES.items() if name not in besides]
    return {word for path in paths for word in classes_in(text_of(path))}


def classes_of_drawings() -> set[str]:
    """Classes that Python writes into SVG, as far as they are written out there."""
    arguments = [n for n in python_nodes() if isinstance(n, ast.keyword) and n.arg == "class_"]
    given = strings_in(node for argument in arguments for node in ast.walk(argument.value))
    # A value may follow within the quotes: then the string ends before they do.
    given |= {found for text in python_strings() for found in re.findall(r'class="([^"]*)', text)}
    return {word for text in given for word in text.split() if not word.endswith("-")}


def test_no_line_or_template_is_too_long_to_read() -> None:
    lines = {name: text_of(path).splitlines() for name, path in TEMPLATES.items()}
    assert {name: len(rows) for name, rows in lines.items() if len(rows) > MOST} == {}
    assert [(name, row) for name, rows in lines.items() for row in rows if len(row) > MOST] == []


def test_templates_are_indented_by_djhtml() -> None:
    command = [sys.executable, "-m", "djhtml", "--check", "--tabwidth", "2", *map(str, FOLDERS)]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 0, f"Run djhtml --tabwidth 2 on them:\n{found.stderr}"


def test_every_template_that_is_named_exists() -> None:
    in_templates = {
        found
        for path in TEMPLATES.values()
        for tag in TAG.findall(text_of(path))
        for found in TEMPLATE_NAME.findall(tag)
        if not tag.startswith("{% static")
    }
    folders = tuple(f"{name.partition('/')[0]}/" for name in TEMPLATES if "/" in name)
    in_python = {
        text
        for text in python_strings()
        if text.startswith(folders) and text.endswith((".html", ".svg", ".md"))
    }
    assert len(in_python) > 50
    assert (in_templates | in_python) - set(TEMPLATES) == set()


def test_every_template_is_used() -> None:
    strings = python_strings()
    everything = "".join(text_of(path) for path in TEMPLATES.values())
    unused = {
        name
        for name in TEMPLATES
        if name not in NAMED_BY_DJANGO | NAMED_BY_LIBRARY
        and name not in strings
        and f'"{name}"' not in everything
    }
    assert unused == set()


def test_no_html_hides_in_a_filter() -> None:
    html = re.compile(r"\|\w+:(?:\"[^\"]*<|'[^']*<)")
    assert [name for name, path in TEMPLATES.items() if html.search(text_of(path))] == []


def test_no_class_is_made_from_a_value() -> None:
    """Such a class cannot be found: what a record says is a data attribute."""
    made = {
        name: [value for value in CLASSES.findall(text_of(path)) if "{{" in value]
        for name, path in TEMPLATES.items()
    }
    assert {name: values for name, values in made.items() if values} == {}


def test_every_class_is_styled_or_a_hook_of_a_script() -> None:
    used = classes_of_templates() | classes_of_drawings()
    hooks = {name for name in used if name.startswith("js-")}
    assert used - hooks - defined_classes() == set()
    scripts = "".join(text_of(path) for path in (*STATIC.glob("*.js"), *TEMPLATES.values()))
    assert {name for name in hooks if f".{name}" not in scripts} == set()


def test_every_styled_class_is_used() -> None:
    used = classes_of_templates(besides=SAMPLES) | classes_of_drawings()
    assert defined_classes(set(SHEETS) - {"charts"}) - used == set()


def test_every_class_of_drawings_is_used() -> None:
    # Some are the values of a field, or put together from a beginning and one.
    words = {word for text in python_strings() for word in text.split()}
    beginnings = tuple(word for word in words if re.fullmatch(r"[a-z]+-", word))
    used = classes_of_templates(besides=SAMPLES) | classes_of_drawings() | words
    unused = defined_classes(["charts"]) - used
    assert {name for name in unused if not name.startswith(beginnings)} == set()


def test_every_styled_data_attribute_is_set_somewhere() -> None:
    styled = {
        name
        for sheet in SHEETS
        for _, selector, _ in rules_of(sheet)
        for name in re.findall(r"\[(data-[\w-]+)", selector)
    }
    markup = "".join(text_of(path) for path in TEMPLATES.values()) + "".join(python_strings())
    assert {name for name in styled if name not in markup} == set()


def test_no_selector_is_styled_twice_in_a_layer() -> None:
    times = Counter(
        (around, selector) for sheet in SHEETS for around, selector, _ in rules_of(sheet)
    )
    assert [each for each, count in times.items() if count > 1] == []


def test_every_rule_is_in_the_layer_of_its_sheet() -> None:
    layers = {sheet: {around.split()[1] for around, _, _ in rules_of(sheet)} for sheet in SHEETS}
    assert layers == {
        "tokens": {"tokens"},
        "base": {"base"},
        "layout": {"components"},
        "components": {"components"},
        "charts": {"components"},
        "pages": {"pages"},
    }
    for sheet in SHEETS:
        assert f"causebook/{sheet}.css" in text_of(TEMPLATES["base.html"])


def test_every_colour_is_a_token() -> None:
    colour = re.compile(r"#[0-9a-f]{3,8}\b|rgb\(|light-dark\(")
    wrong = [
        (sheet, selector)
        for sheet in SHEETS[1:]
        for _, selector, declarations in rules_of(sheet)
        if colour.search(declarations)
    ]
    assert wrong == []


def test_every_token_is_defined_once_and_used() -> None:
    declared = [
        name for _, _, text in rules_of("tokens") for name in re.findall(r"(--[\w-]+):", text)
    ]
    text = "".join(text_of(STATIC / f"{sheet}.css") for sheet in SHEETS)
    used = set(re.findall(r"var\((--[\w-]+)\)", text))
    assert len(declared) == len(set(declared))
    assert used - {"--shade"} == set(declared)


@pytest.mark.parametrize("script", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_scripts_hold_no_address(script: Path) -> None:
    """Addresses come from the HTML, where {% url %} knows them."""
    assert re.findall(r"[\"'`]/\w[^\"'`]*", text_of(script)) == []
