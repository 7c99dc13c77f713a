"""Each log call of the program makes one sound line, in both formats."""

from __future__ import annotations

import ast
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from pli import logs
from tests.paths import ROOT

PROGRAM = ("accounts", "cli.py", "commands", "mailer", "pli", "subscribers", "web")
LEVELS = ("debug", "info", "warning", "error", "exception", "critical")
OURS = {"event", "level", "logger", "timestamp", "exception", "exc_info", "stack_info", "_record"}


@dataclass(frozen=True, slots=True)
class Call:
    """A log call: where it stands, its level, and its fields."""

    place: str
    level: str
    event: str
    fields: frozenset[str]


def named(of: ast.expr, name: str) -> bool:
    return isinstance(of, ast.Name) and of.id == name


def dicts(of: ast.expr, module: list[ast.AST]) -> Iterator[ast.Dict]:
    """The dictionaries of an `extra`: written in the call, named, or returned by a function."""
    for node in ast.walk(of):
        if isinstance(node, ast.Dict):
            yield node
        elif isinstance(node, ast.Name):
            for it in module:
                if isinstance(it, ast.Assign) and named(it.targets[0], node.id):
                    yield from (
                        found for found in ast.walk(it.value) if isinstance(found, ast.Dict)
                    )
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            for it in module:
                if isinstance(it, ast.FunctionDef) and it.name == node.func.attr:
                    yield from (found for found in ast.walk(it) if isinstance(found, ast.Dict))


def calls() -> Iterator[Call]:
    files = [it for name in PROGRAM for it in sorted({ROOT / name, *(ROOT / name).rglob("*.py")})]
    for path in (it for it in files if it.suffix == ".py"):
        source = path.read_text()
        if "log." not in source:
            continue
        module = list(ast.walk(ast.parse(source)))
        for node in module:
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if not named(node.func.value, "log") or node.func.attr not in LEVELS:
                continue
            place = f"{path.relative_to(ROOT)}:{node.lineno}"
            assert isinstance(node.args[0], ast.Constant), place
            fields: set[str] = set()
            for keyword in node.keywords:
                found = list(dicts(keyword.value, module))
                assert found, f"{place}: what are its fields?"
                for it in found:
                    fields |= {str(key.value) for key in it.keys if isinstance(key, ast.Constant)}
            yield Call(place, node.func.attr, str(node.args[0].value), frozenset(fields))


CALLS = list(calls())


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger(logs.OURS)
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


def make(call: Call) -> None:
    extra = dict.fromkeys(call.fields, 1)
    try:
        raise ValueError("made for this test")
    except ValueError:
        getattr(logging.getLogger("pli.delivery"), call.level)(call.event, extra=extra)


def test_the_calls_are_found() -> None:
    assert len(CALLS) > 30
    assert {"pacing.slowed", "campaign.paused", "delivery.settled"} <= {it.event for it in CALLS}


@pytest.mark.parametrize("call", CALLS, ids=lambda it: it.place)
def test_each_call_is_a_sound_line_in_both_formats(
    call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call.fields.isdisjoint(OURS)
    level = "error" if call.level == "exception" else call.level
    logs.configure("json", "debug")
    make(call)
    document = json.loads(capsys.readouterr().err)
    assert (document["event"], document["level"]) == (call.event, level)
    assert call.fields <= set(document)
    logs.configure("text", "debug")
    make(call)
    said = capsys.readouterr().err
    assert "Logging error" not in said
    first = said.splitlines()[0]
    assert f"[{level}" in first
    assert call.event in first
    assert all(f"{name}=1" in first for name in call.fields)


@pytest.mark.parametrize("kind", ["text", "json"])
@pytest.mark.parametrize("name", ["level", "logger", "timestamp"])
def test_no_field_takes_the_place_of_what_a_line_always_has(
    kind: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(kind)
    logging.getLogger("pli.delivery").warning("delivery.settle_failed", extra={name: 1})
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "warning" in line
    assert "pli.delivery" in line
