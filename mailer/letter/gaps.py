"""Finds personal words that leave a gap for people without a value, as in "Bonjour ,"."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from jinja2 import nodes

from mailer.letter import expressions

ALWAYS = frozenset(("email", "language"))
"""What every person has."""


@lru_cache(maxsize=1_000)
def unguarded(source: str) -> tuple[str, ...]:
    """The names of `subscriber` that leave a gap in the text if a person lacks them, in order.

    A name is guarded by `or` behind it, by `default("…")`, or by a condition that asks for it.
    """
    return tuple(dict.fromkeys(_gaps(expressions.parse(source), ALWAYS, guarded=False)))


def _gaps(node: nodes.Node, known: frozenset[str], *, guarded: bool) -> Iterator[str]:
    match node:
        case nodes.Getattr(node=nodes.Name(name="subscriber")):
            if not guarded and node.attr not in known:
                yield node.attr
        case nodes.Or():
            yield from _gaps(node.left, known, guarded=True)
            yield from _gaps(node.right, known, guarded=guarded)
        case nodes.Filter(name="default" | "d"):
            instead = bool(node.args or node.kwargs)
            if node.node is not None:
                yield from _gaps(node.node, known, guarded=guarded or instead)
            for argument in node.args[:1]:
                yield from _gaps(argument, known, guarded=guarded)
        case nodes.CondExpr() | nodes.And():
            yield from _under_condition(node, known, guarded=guarded)
        case nodes.Compare() | nodes.Not() | nodes.Test():
            return
        case _:
            guarded = guarded and not isinstance(node, nodes.Concat)
            for child in node.iter_child_nodes():
                yield from _gaps(child, known, guarded=guarded)


def _under_condition(
    node: nodes.CondExpr | nodes.And, known: frozenset[str], *, guarded: bool
) -> Iterator[str]:
    """What is said only if a condition holds needs no more than that; else the rest holds."""
    if isinstance(node, nodes.And):
        yield from _gaps(node.right, known | _asked(node.left), guarded=guarded)
        return
    # Both branches: "is not defined" asks as well, and which of them is said is the author's plan.
    for branch in (node.expr1, node.expr2):
        if branch is not None:
            yield from _gaps(branch, known | _asked(node.test), guarded=guarded)


def _asked(node: nodes.Node) -> frozenset[str]:
    """The names of `subscriber` within a node, itself included."""
    inside = [node, *node.find_all(nodes.Getattr)]
    return frozenset(
        it.attr
        for it in inside
        if isinstance(it, nodes.Getattr)
        and isinstance(it.node, nodes.Name)
        and it.node.name == "subscriber"
    )
