"""Reads YAML documents one by one, so that a broken one does not hide the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import yaml

from common.file_import import BadFile

MAX_NODES = 200_000
"""Of one document with its aliases written out."""
MAX_DEPTH = 100
_MARK = re.compile(r"---(?:\s|$)")


class _Loader(yaml.SafeLoader):
    """Stops at the first node too many: reading all of a huge file takes minutes."""

    nodes = depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.nodes += 1
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BadFile("It is nested too deeply.")
        if self.nodes > MAX_NODES:
            raise BadFile(f"It has over {MAX_NODES:,} entries. Import it in parts.")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


UNREADABLE = (
    yaml.YAMLError, RecursionError, ValueError, LookupError, AttributeError, TypeError,
    OverflowError,
)  # fmt: skip
"""Odd tags make PyYAML raise more than its own errors."""


def values_of(text: str) -> Iterator[Any]:
    """The value of each document of a text.

    Raises any of UNREADABLE; BadFile for what is too deep, too long or grows by its aliases.
    """
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None and _size_of(node, {}, 0) > MAX_NODES:
                raise BadFile("Its aliases repeat too much.")
            yield loader.construct_document(node)
    finally:
        loader.dispose()


def load_yaml(text: str) -> Any:
    """The value of one document. Raises BadFile, also for one that grows by its aliases."""
    try:
        found = list(islice(values_of(text), 2))
    except UNREADABLE as error:
        raise BadFile(f"{' '.join(str(error).split())[:200]}") from None
    if len(found) > 1:
        raise BadFile("It has a second document.")
    return found[0] if found else None


def documents(text: str) -> Iterator[tuple[int, str, Any]]:
    """(number, text, value) of each document; the value is a BadFile if it cannot be read.

    Empty documents are left out but counted.
    """
    for number, part in enumerate(_parts(text), 1):
        if not part.strip():
            continue
        try:
            value = load_yaml(part)
        except BadFile as error:
            yield number, part, error
            continue
        if value is not None:
            yield number, part, value


def _parts(text: str) -> list[str]:
    """The documents of a file; what comes before the first mark is one only if it is not empty."""
    parts: list[list[str]] = [[]]
    for line in text.removeprefix("\ufeff").splitlines():
        if _MARK.match(line):
            parts.append([line[3:]])
        elif line.rstrip() != "...":
            parts[-1].append(line)
    joined = ["\n".join(lines) for lines in parts]
    has_first = any(line.strip() and not line.lstrip().startswith("#") for line in parts[0])
    return joined if has_first or len(joined) == 1 else joined[1:]


def _size_of(node: yaml.Node, sizes: dict[int, int], depth: int) -> int:
    """The nodes below a node, those of aliases as often as they occur."""
    if id(node) in sizes:
        if not sizes[id(node)]:
            raise BadFile("An alias contains itself.")
        return sizes[id(node)]
    if depth > MAX_DEPTH:
        raise BadFile("It is nested too deeply.")
    sizes[id(node)] = 0
    total = 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            total += _size_of(key, sizes, depth + 1) + _size_of(value, sizes, depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        total += sum(_size_of(each, sizes, depth + 1) for each in node.value)
    sizes[id(node)] = total
    return total
