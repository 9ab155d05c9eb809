"""All patterns of the product, and the strings that make a backtracking pattern slow."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from re import _constants as codes
from re import _parser as parser
from types import ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = "accounts analysis causebook_cli common config incidents kb people practice".split()
NOT_SERVED = (".migrations.", ".benchmarks.", "config.local.", "config.asgi", "config.wsgi")
FUNCTIONS = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall"}
FUNCTIONS |= {"finditer"}
ANCHORED = {"match", "fullmatch"}
REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)


class Pattern(NamedTuple):
    where: str
    compiled: re.Pattern[str]
    anchored: bool
    """Whether it is only ever matched from the start of a text."""


def modules() -> Iterator[ModuleType]:
    if str(ROOT / "cli") not in sys.path:
        sys.path.append(str(ROOT / "cli"))
    for name in PACKAGES:
        if not any((folder / name).is_dir() for folder in (ROOT, ROOT / "cli")):
            continue
        package = importlib.import_module(name)
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not any(part in f"{found.name}." for part in NOT_SERVED):
                yield importlib.import_module(found.name)


def all_patterns() -> tuple[list[Pattern], list[str]]:
    """Those found, and the calls whose pattern is not known before they run."""
    trees = {
        module: ast.parse(Path(module.__file__).read_text())
        for module in modules()
        if module.__file__
    }
    methods: dict[str, set[str]] = {}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
                name = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
                methods.setdefault(name, set()).add(node.attr)
    found: dict[tuple[str, int, bool], Pattern] = {}
    unknown = []

    def add(where: str, compiled: re.Pattern[Any], anchored: bool) -> None:
        if isinstance(compiled.pattern, bytes):
            compiled = re.compile(compiled.pattern.decode("latin-1"), compiled.flags | re.A)
        found.setdefault(
            (compiled.pattern, compiled.flags, anchored), Pattern(where, compiled, anchored)
        )

    for module, tree in trees.items():
        for name, value in vars(module).items():
            used = methods.get(name, set()) & FUNCTIONS
            for compiled in patterns_in(value, module.__name__):
                add(f"{module.__name__}.{name}", compiled, bool(used) and used <= ANCHORED)
        for call, inside in calls(tree):
            where = f"{module.__name__}:{call.lineno}"
            try:
                source = ast.Expression(call.args[0])
                pattern = eval(compile(source, where, "eval"), vars(module))  # noqa: S307
            except (NameError, IndexError):
                if inside:
                    unknown.append(ast.unparse(call))
                continue
            function = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if isinstance(pattern, re.Pattern):
                pattern = pattern.pattern
            if isinstance(pattern, str) and function != "compile":
                flags = flags_of(call, vars(module))
                add(where, re.compile(pattern, flags), function in ANCHORED)
    return list(found.values()), unknown


def flags_of(call: ast.Call, names: dict[str, Any]) -> int:
    """Those of `re.search(…, re.I)`: the only arguments that name `re`."""
    given = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
    flags = [each for each in given if ast.unparse(each).startswith("re.")]
    return sum(int(eval(ast.unparse(each), names)) for each in flags)  # noqa: S307


def calls(tree: ast.AST, inside: bool = False) -> Iterator[tuple[ast.Call, bool]]:
    """The calls of `re`, and whether each is in a function."""
    for node in ast.iter_child_nodes(tree):
        within = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr in FUNCTIONS
        ):
            yield node, inside
        yield from calls(node, within)


def patterns_in(value: Any, module: str, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict) and depth < 4:
        for each in (*value.keys(), *value.values()):
            yield from patterns_in(each, module, depth + 1)
    elif isinstance(value, list | tuple | set | frozenset) and depth < 4:
        for each in value:
            yield from patterns_in(each, module, depth + 1)
    elif isinstance(value, type) and value.__module__ == module and depth < 2:
        yield from patterns_in(dict(vars(value)), module, depth + 1)
    elif type(value).__name__ in ("RegexValidator", "_lru_cache_wrapper"):
        yield from patterns_in(getattr(value, "regex", None), module, depth + 1)
    elif hasattr(value, "__dataclass_fields__") and not isinstance(value, type) and depth < 4:
        yield from patterns_in(dict(vars(value)), module, depth + 1)


def accepts(op: Any, argument: Any, char: str) -> bool:
    if op is codes.LITERAL:
        return bool(chr(argument).lower() == char.lower())
    if op is codes.NOT_LITERAL:
        return bool(chr(argument) != char)
    if op is codes.ANY:
        return char != "\n"
    if op is codes.RANGE:
        low, high = argument
        return any(low <= ord(each) <= high for each in (char, char.lower(), char.upper()))
    if op is codes.CATEGORY:
        kind = str(argument).removeprefix("CATEGORY_").removeprefix("UNI_")
        kind, negated = kind.removeprefix("NOT_"), "NOT_" in kind
        belongs = {"DIGIT": char.isdigit(), "SPACE": char.isspace()}
        return belongs.get(kind, char.isalnum() or char == "_") != negated
    if op is codes.IN:
        negated = argument[0][0] is codes.NEGATE
        return negated != any(accepts(op, value, char) for op, value in argument[negated:])
    return False


def literals(tree: Any) -> Iterator[str]:
    for op, argument in tree:
        if op in (codes.LITERAL, codes.NOT_LITERAL):
            yield chr(argument)
        elif op is codes.IN:
            yield from literals([each for each in argument if each[0] is codes.LITERAL])
        for part in parts(op, argument):
            yield from literals(part)


def parts(op: Any, argument: Any) -> list[Any]:
    """The patterns inside an item of a pattern."""
    if op in REPEATS:
        return [argument[2]]
    if op is codes.SUBPATTERN:
        return [argument[3]]
    if op is codes.BRANCH:
        return list(argument[1])
    if op is codes.ATOMIC_GROUP:
        return [argument]
    if op in (codes.ASSERT, codes.ASSERT_NOT):
        return [argument[1]]
    return []


def sample(tree: Iterable[Any], alphabet: str) -> str:
    """A text that the pattern is likely to match, of the first fitting characters."""
    made = ""
    for op, argument in tree:
        if op in REPEATS:
            made += sample(argument[2], alphabet) * max(argument[0], 1)
        elif op in (codes.ASSERT, codes.ASSERT_NOT):
            if op is codes.ASSERT and argument[0] < 0:
                made += sample(argument[1], alphabet)
        elif inner := parts(op, argument):
            made += sample(inner[0], alphabet)
        elif op is codes.LITERAL:
            made += chr(argument)
        else:
            made += next((char for char in alphabet if accepts(op, argument, char)), "")
    return made


def repeated(tree: Any, before: str, alphabet: str) -> Iterator[tuple[str, str]]:
    """(what leads to it, what it repeats) of each repetition without a narrow limit."""
    for number, (op, argument) in enumerate(tree):
        lead = before + sample(list(tree)[:number], alphabet)
        if op in REPEATS and argument[1] > 16:
            for turned in range(len(alphabet)):
                if pump := sample(argument[2], alphabet[turned:] + alphabet[:turned]):
                    yield lead, pump
        for part in parts(op, argument):
            yield from repeated(part, lead, alphabet)


def has_possessive_group(tree: Any) -> bool:
    """Whether more than single characters is repeated possessively."""
    one = (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN)
    for op, argument in tree:
        if op is codes.POSSESSIVE_REPEAT and [each for each, _ in argument[2] if each not in one]:
            return True
        if any(map(has_possessive_group, parts(op, argument))):
            return True
    return False


def attacks(pattern: re.Pattern[str], length: int) -> list[str]:
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    own = "".join(dict.fromkeys(literals(tree)))[:5]
    alphabet = "".join(dict.fromkeys(f"aA0 -.\n{own}"))
    whole = sample(tree, alphabet)
    made: list[str] = []
    for lead, pump in dict.fromkeys([*repeated(tree, "", alphabet), ("", whole[:-1]), ("", whole)]):
        for unit in dict.fromkeys([pump, lead + pump]):
            for start in dict.fromkeys(["", lead]):
                made += [start + (unit * length)[:length] + "\x00\n"] if unit else []
    return made
