"""Every file, command and name that the documents mention exists.

What a reader is to create, or what belongs to other programs, is written *in italics* instead.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands, load_command_class
from django.urls import get_resolver

from people.acts import ACTS

ROOT = Path(__file__).resolve().parents[1]
ENTRANCES = ["README.md", "CONTRIBUTING.md"]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SKIPPED = {".git", ".venv", "var", "static-built", "__pycache__"}

Name = tuple[str, str]
"""What kind of name it is, and the name."""

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(r"^(?:\./)?[\w.*{}<>,-]+(?:/[\w.*{}<>,-]+)*/?$")
_FILE = re.compile(r"^[\w*<>.-]+\.(?:py|md|html|css|js)$|^requirements[\w*-]*\.(?:in|txt)$")
_DOTTED = re.compile(r"^[a-z]\w*(?:\.\w+)+$")
_MANAGE = re.compile(r"manage\.py[ ]+([a-z]\w*)([^\n`|#;)]*)")
_VERB = re.compile(r"(?<![\w/.-])(?:\./)?bin/([\w-]+)")
_JUST = re.compile(r"^(?:    )?just ([a-z][\w-]*)", re.MULTILINE)
_VARIABLE = re.compile(r"\bCAUSEBOOK_[A-Z_]+\b")
_DEFINED = re.compile(r"`(\w+)`(?: and `(\w+)`)? in `([\w/]+\.py)`")
_OPTION = re.compile(r"(?<=\s)--[a-z][\w-]*")


@cache
def files() -> dict[str, list[Path]]:
    """Every file of the project by its name."""
    found: dict[str, list[Path]] = {}
    for top in ROOT.iterdir():
        if top.name in SKIPPED:
            continue
        for path in [top] if top.is_file() else top.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                found.setdefault(path.name, []).append(path)
    return found


@cache
def folders() -> set[str]:
    return {top.name for top in ROOT.iterdir() if top.is_dir() and top.name not in SKIPPED}


def code_of(text: str) -> Iterator[tuple[str, bool]]:
    """Inline code, and the words of shell lines (True); other languages may be made up."""
    for language, block in _FENCE.findall(text):
        if language in ("", "sh"):
            yield from ((word, True) for word in block.split())
    for line in _FENCE.sub("", text).splitlines():
        in_shell = line.startswith("    ")
        words = line.split() if in_shell else _CODE.findall(line)
        yield from ((word, in_shell) for word in words)


def names_in(text: str) -> set[Name]:
    """Everything in a document that can be checked."""
    found: set[Name] = set()
    for code, in_shell in code_of(text):
        first = code.removeprefix("./").split("/")[0]
        if _PATH.match(code) and "/" in code and first in folders():
            found.add(("path", code.removeprefix("./")))
        elif _FILE.match(code) and not in_shell:  # there it may be the reader's own
            found.add(("file", code))
        elif _DOTTED.match(code) and code.split(".")[0] in folders():
            found.add(("module", code))
    for target in _LINK.findall(_CODE.sub("", _FENCE.sub("", text))):
        if not target.startswith(("http://", "https://", "mailto:", "/")):
            found.add(("link", target))
    for command, options in _MANAGE.findall(text):
        found.add(("command", " ".join([command, *_OPTION.findall(f" {options}")])))
    for one, other, path in _DEFINED.findall(text):
        found |= {("definition", f"{path} {name}") for name in (one, other) if name}
    found |= {("path", f"bin/{verb}") for verb in _VERB.findall(text)}
    shell = "\n".join([*(block for _, block in _FENCE.findall(text)), *_CODE.findall(text), text])
    found |= {("recipe", verb) for verb in _JUST.findall(shell)}
    return found | {("variable", name) for name in _VARIABLE.findall(text)}


def expanded(pattern: str) -> list[str]:
    """The alternatives in braces written out; <placeholders> stand for anything."""
    pattern = re.sub(r"<[\w-]+>", "*", pattern)
    braces = re.search(r"\{([^{}]*)\}", pattern)
    if braces is None:
        return [pattern]
    before, after = pattern[: braces.start()], pattern[braces.end() :]
    return [each for part in braces[1].split(",") for each in expanded(before + part + after)]


def is_path(path: str) -> bool:
    """Whether it is there, as a folder where it ends with a slash."""
    for each in expanded(path):
        matches = list(ROOT.glob(each.rstrip("/")))
        if not any(match.is_dir() or not each.endswith("/") for match in matches):
            return False
    return True


def is_module(name: str) -> bool:
    """A module, something in one, or a permission such as practice.change_slo."""
    label, _, codename = name.partition(".")
    if name in acts() or (label in apps.app_configs and codename in permissions_of(label)):
        return True
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        if is_path("/".join(parts[:end]) + ".py") or is_path("/".join([*parts[:end], ""])):
            module = import_module(".".join(parts[:end]))
            for part in parts[end:]:
                module = getattr(module, part, None)  # type: ignore[assignment]
            return module is not None
    return False


@cache
def acts() -> set[str]:
    """The acts of all packages, which declare them when their pages are loaded."""
    assert get_resolver().url_patterns
    return set(ACTS)


@cache
def permissions_of(label: str) -> set[str]:
    found = set()
    for model in apps.get_app_config(label).get_models():
        meta = model._meta
        found |= {f"{act}_{meta.model_name}" for act in meta.default_permissions}
        found |= {codename for codename, _ in meta.permissions}
    return found


def is_command(words: str) -> bool:
    """A management command that has all of the options named with it."""
    name, *options = words.split()
    package = get_commands().get(name)
    if package is None:
        return False
    command = load_command_class(str(package), name)
    known = command.create_parser("manage.py", name)._option_string_actions
    return all(option in known for option in options)


def anchor_of(heading: str) -> str:
    """The anchor that repository hosts give a heading."""
    letters = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return letters.replace(" ", "-")


def is_link(target: str, document: Path) -> bool:
    path, _, anchor = target.partition("#")
    found = document if not path else (document.parent / path).resolve()
    if not found.exists():
        return False
    if not anchor:
        return True
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", found.read_text()), re.MULTILINE)
    return anchor in {anchor_of(heading) for heading in headings}


@cache
def defined_in(path: str) -> set[str]:
    """Names at the top of a module or of its classes."""
    source = (ROOT / path).read_text() if (ROOT / path).is_file() else ""
    return set(re.findall(r"^(?:    )?(?:class |def |)(\w+)\b", source, re.MULTILINE))


@cache
def source() -> str:
    """All code but this file, to find names of variables in."""
    every = [path for group in files().values() for path in group]
    code = [path for path in every if path.suffix in (".py", ".yml")]
    return "\n".join(path.read_text() for path in code if path != Path(__file__))


def exists(kind: str, name: str, document: Path) -> bool:
    if kind == "path":
        return is_path(name)
    if kind == "file":
        return any(path.match(each) for each in expanded(name) for path in of_name(each))
    if kind == "module":
        return is_module(name)
    if kind == "link":
        return is_link(name, document)
    if kind == "command":
        return is_command(name)
    if kind == "definition":
        path, _, wanted = name.partition(" ")
        return wanted in defined_in(path)
    if kind == "recipe":
        return bool(re.search(rf"^{name}\b[^\n]*:", (ROOT / "justfile").read_text(), re.MULTILINE))
    return name in source()


def of_name(pattern: str) -> list[Path]:
    every = files()
    return every.get(pattern, []) or [path for group in every.values() for path in group]


def missing(text: str, document: Path = ROOT / "README.md") -> list[Name]:
    return [each for each in sorted(names_in(text)) if not exists(*each, document)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_names_exists(document: Path) -> None:
    assert not missing(document.read_text(), document)


def test_many_names_of_every_kind_are_checked() -> None:
    counted = Counter(kind for path in DOCUMENTS for kind, _ in names_in(path.read_text()))
    assert counted["path"] > 50
    assert counted["link"] > 50
    for kind in ("file", "module", "command", "definition", "recipe", "variable"):
        assert counted[kind] > 2, kind


GOOD = """
Read [the guide](docs/chat.md), [its anchor](docs/api.md#events) and `tests/test_docs.py`.
Files such as `test_docs.py`, `requirements-dev.txt` and `docs/integrations/<kind>.md`; the folders
`incidents/`, `tests/{api,e2e}/`. `ROOT` and `is_path` in `tests/test_docs.py`. The permission
`practice.change_slo`, the task `analysis.tasks.sweep`, the variable `CAUSEBOOK_DATA_DIR`.
Not ours: `catalog-info.yaml`, `statistics.json`, `/api/v1/me/`, *incidents/webhooks/new.py*, `a.b`.

    ./manage.py import_incidents history.csv --dry-run | less --chop
    just test tests/api
    k6 run script.js
    bin/test tests/api -k token

```python
import incidents.nothing  # made up: `incidents/nothing.py`
```
"""


def test_it_accepts_what_exists_and_what_is_not_ours() -> None:
    assert missing(GOOD) == []
    assert len(names_in(GOOD)) == 17


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("`kb/nothing.py`", "path"),
        ("`kb/chat/nothing/`", "path"),
        ("`README.md/`, `tests/test_docs.py/`", "path"),
        ("`tests/{api,nothing}/`", "path"),
        ("`docs/nothing/<kind>.md`", "path"),
        ("    bin/test tests/nothing", "path"),
        ("Run bin/nothing.", "path"),
        ("```sh\ncat docs/nothing.json\n```", "path"),
        ("`nothing_of_this_name.py`", "file"),
        ("`requirements-nothing.txt`", "file"),
        ("`analysis.tasks.nothing`", "module"),
        ("`practice.change_nothing`", "module"),
        ("[Guide](docs/nothing.md)", "link"),
        ("[Guide](docs/api.md#nothing)", "link"),
        ("    ./manage.py nothing FILE", "command"),
        ("`manage.py learn --nothing`", "command"),
        ("`Nothing` in `tests/test_docs.py`", "definition"),
        ("    just nothing", "recipe"),
        ("Set `CAUSEBOOK_NOTHING`.", "variable"),
    ],
)
def test_it_finds_what_is_missing(text: str, kind: str) -> None:
    assert kind in [found for found, _ in missing(text)]


def test_every_document_can_be_reached_from_the_entrances() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / name for name in ENTRANCES]
    while waiting:
        document = waiting.pop()
        if document in seen or document.suffix != ".md" or not document.is_file():
            continue
        seen.add(document)
        for target in _LINK.findall(document.read_text()):
            waiting.append((document.parent / target.partition("#")[0]).resolve())
    unread = {str(path.relative_to(ROOT)) for path in set(DOCUMENTS) - seen}
    assert not unread - set(ENTRANCES)
