"""No regular expression of ours takes more than linear time, whatever it meets.

Each pattern of the program is found, by import where a module compiles it, else in the source. It
then meets hostile texts made of its own signs, doubled and doubled again. A pattern that this test
cannot make by itself needs a line in COMPOSED.
"""

from __future__ import annotations

import ast
import itertools
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from mailer.letter import bare_links
from subscribers.records import _cell
from tests.paths import ROOT

ROOMS = ("pli", "subscribers", "accounts", "mailer", "web", "commands")
FILES = [ROOT / "cli.py", *(it for room in ROOMS for it in sorted((ROOT / room).rglob("*.py")))]
VERBS = {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}

COMPOSED: dict[tuple[str, str], str | bytes] = {
    (
        "subscribers/records.py",
        r"rf'[ \u00a0]*+'([^']*+(?:''[^']*+)*+)'[ \u00a0]*+(?=[{sign}\r\n]|\Z)'",
    ): _cell(";")[0].pattern,
    ("subscribers/records.py", r"rf'[^{sign}\r\n]*+'"): _cell(";")[1].pattern,
    ("mailer/letter/bare_links.py", "_MAILBOX"): bare_links._MAILBOX,
    ("mailer/letter/html_source.py", "f'</{name}'"): "</script",
    ("mailer/letter/placeholders.py", "f'({self._stem}[0-9]+x)'"): "(stem[0-9]+x)",
}
"""By file and source: a pattern as a function makes it, or as a name holds it."""

SHORT = (16, 20, 24, 32)
LONGER = (64, 128, 256, 512, 1_024)
SURELY = 0.02
"""CPU seconds: no linear pattern takes so long for 1,024 signs. A cubic one must end here."""
SHORTLY = 0.002
"""CPU seconds: no linear pattern takes so long for 32 signs. An exponential one must end here."""
ENOUGH = 0.000_3
"""CPU seconds: whatever is faster at 1,024 signs is not worth a second look.

The least of the quadratic ones below takes 0.001 s there on a fast machine, and no linear one of
ours more than 0.000_5 s.
"""


def of_module(file: Path) -> Iterator[re.Pattern[Any]]:
    """The patterns that a module holds, also within tuples, mappings and objects."""
    name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    module = import_module(name)
    seen: set[int] = set()

    def within(value: object, depth: int) -> Iterator[re.Pattern[Any]]:
        if id(value) in seen or depth > 4:
            return
        seen.add(id(value))
        if isinstance(value, re.Pattern):
            yield value
        elif isinstance(value, dict):
            for it in [*value.keys(), *value.values()]:
                yield from within(it, depth + 1)
        elif isinstance(value, list | tuple | set | frozenset):
            for it in value:
                yield from within(it, depth + 1)
        elif hasattr(type(value), "__slots__") or type(value).__module__ == name:
            for it in getattr(type(value), "__slots__", ()) or list(getattr(value, "__dict__", ())):
                yield from within(getattr(value, it, None), depth + 1)

    for value in list(vars(module).values()):
        yield from within(value, 0)


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


@cache
def calls(file: Path) -> list[ast.Call]:
    """Each call of `re` in a file that is given a pattern."""
    if "re." not in file.read_text():
        return []
    return [
        node
        for node in ast.walk(parsed(file))
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in VERBS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
        )
    ]


def imported(file: Path) -> list[str]:
    """Other ways by which expressions come into a file: this test would not see them."""
    strange = []
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.ImportFrom) and node.module in ("re", "regex"):
            strange.append(ast.unparse(node))
        elif isinstance(node, ast.Import):
            named = [
                it for it in node.names if it.name == "regex" or (it.name == "re" and it.asname)
            ]
            strange += [it.name for it in named]
    return strange


@cache
def patterns_of(file: Path) -> tuple[dict[tuple[str | bytes, int], str], list[str]]:
    """All patterns (text, flags) of a file and where; and what cannot be made from the source."""
    name = str(file.relative_to(ROOT))
    held = list(of_module(file))
    patterns = {(it.pattern, it.flags): name for it in held}
    unknown = []
    texts = {it.pattern for it in held}
    for call in calls(file):
        given = call.args[0]
        if isinstance(given, ast.Constant) and isinstance(given.value, str | bytes):
            if given.value not in texts:
                ignoring = "IGNORECASE" in ast.unparse(call)
                flag = re.IGNORECASE if ignoring else 0
                patterns[(given.value, int(flag))] = f"{name}:{call.lineno}"
            continue
        source = (ast.get_source_segment(file.read_text(), given) or "").replace('"', "'")
        if (name, source) in COMPOSED:
            patterns[(COMPOSED[name, source], 0)] = f"{name}:{call.lineno}"
        elif not at_the_top(file, call):
            unknown.append(f'("{name}", {source!r}),  # line {call.lineno}')
    return patterns, unknown


def at_the_top(file: Path, call: ast.Call) -> bool:
    """Whether a call stands outside every function: then the module holds its pattern."""
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (
            node.lineno <= call.lineno <= (node.end_lineno or 0)
        ):
            return False
    return True


# Which files have expressions is asked of their text alone: every worker collects these tests.
A_CALL = re.compile(rf"\bre\.(?:{'|'.join(VERBS)})\(")
WITH_EXPRESSIONS = [it for it in FILES if A_CALL.search(it.read_text())]


def signs(pattern: str | bytes, flags: int) -> list[str]:
    """A sign of each kind that a pattern speaks of, and some that it may not."""
    chosen: dict[str, None] = dict.fromkeys((" ", "a", "0"))

    def of(items: Any) -> None:
        for op, value in items:
            if op in (constants.LITERAL, constants.NOT_LITERAL):
                chosen.setdefault(chr(value))
            elif op is constants.RANGE:
                chosen.setdefault(chr(value[0]))
            elif op is constants.IN:
                of(value)
            elif op is constants.BRANCH:
                for it in value[1]:
                    of(it)
            elif op is constants.SUBPATTERN:
                of(value[3])
            elif op in (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT):
                of(value[2])
            elif op in (constants.ASSERT, constants.ASSERT_NOT):
                of(value[1])
            elif op is constants.ATOMIC_GROUP:
                of(value)

    of(parser.parse(pattern, flags))
    return [*chosen][:8]


def hostile(pattern: str | bytes, flags: int) -> Iterator[tuple[str, str, str]]:
    """Beginnings, what is repeated, and endings."""
    ours = signs(pattern, flags)
    pumps = [*ours, *("".join(it) for it in itertools.permutations(ours[2:6], 2))]
    for pump in pumps:
        for begins in ("", *ours[1:5]):
            for ends in ("", "\x01"):
                yield begins, pump, ends


def seconds(compiled: re.Pattern[Any], text: Any, *, anywhere: bool) -> float:
    """CPU time of looking for it as the program does, and of asking whether it is all of a text."""
    begun = time.process_time()
    if anywhere:
        for _ in compiled.finditer(text):
            pass
    else:
        compiled.match(text)
    compiled.fullmatch(text)
    return time.process_time() - begun


def only_matched(file: Path) -> set[str | bytes]:
    """The patterns of a module that are only asked whether a text begins with them."""
    name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    uses: dict[str, list[str]] = defaultdict(list)
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            uses[node.id].append("")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            uses[node.value.id] += [node.attr]
    held = {it: value for it, value in vars(import_module(name)).items() if it in uses}
    return {
        value.pattern
        for it, value in held.items()
        if isinstance(value, re.Pattern)
        # Each use by its name is one of these: the name is never handed on.
        and uses[it].count("") == sum(uses[it].count(verb) for verb in ("match", "fullmatch"))
    }


def matched(file: Path) -> set[str | bytes]:
    """The patterns of a file that nothing searches for within a text."""
    if file == ROOT / "subscribers" / "records.py":
        return only_matched(file) | {_cell(";")[0].pattern}
    return only_matched(file)


def grown(
    compiled: re.Pattern[Any], shape: tuple[str, str, str], *, anywhere: bool = True
) -> str | None:
    """What is wrong with it on texts of this shape."""
    begins, pump, ends = shape

    def text(size: int) -> Any:
        whole = begins + pump * (size // len(pump)) + ends
        return whole.encode("latin-1", "replace") if isinstance(compiled.pattern, bytes) else whole

    for size in (*SHORT, *LONGER):
        most = SHORTLY if size in SHORT else SURELY
        spent = seconds(compiled, text(size), anywhere=anywhere)
        if spent > most:
            spent = min(seconds(compiled, text(size), anywhere=anywhere) for _ in range(3))
            if spent > most:
                return f"{spent:.3f} s for {size} signs of {shape}"
    if spent < ENOUGH:
        return None
    one, two = (
        min(seconds(compiled, text(it), anywhere=anywhere) for _ in range(3))
        for it in (1_024, 4_096)
    )
    return (
        f"{two / one:.0f} times the time for 4 times the signs of {shape}"
        if two > 8 * one
        else None
    )


def test_the_files_with_expressions_are_found() -> None:
    assert [it for file in FILES for it in imported(file)] == []
    assert {it for it in FILES if calls(it)} == set(WITH_EXPRESSIONS)
    assert sum(len(patterns_of(it)[0]) for it in WITH_EXPRESSIONS) > 80


@pytest.mark.parametrize("file", WITH_EXPRESSIONS, ids=lambda it: str(it.relative_to(ROOT)))
def test_each_pattern_of_a_file_is_linear(file: Path) -> None:
    patterns, unknown = patterns_of(file)
    assert unknown == [], "add a pattern as the function makes it to COMPOSED"
    searched = {it for it, _ in patterns} - matched(file)
    for (pattern, flags), where in patterns.items():
        compiled = re.compile(pattern, flags)
        for shape in hostile(pattern, flags):
            wrong = grown(compiled, shape, anywhere=pattern in searched)
            assert wrong is None, f"{where}: {pattern!r}: {wrong}"


@pytest.mark.parametrize("pattern", [r"(a+)+b", r"\s*,", r"«\s*([^»]*?)\s*»", r'(?:"|[^"])*x'])
def test_one_that_is_not_linear_is_found(pattern: str) -> None:
    compiled = re.compile(pattern)
    assert any(grown(compiled, shape) for shape in hostile(pattern, 0))
