"""Takes elements out of a tree without the words that stand behind them."""

from __future__ import annotations

from xml.etree.ElementTree import Element


def parents_of(tree: Element) -> dict[Element, Element]:
    """The parent of each element of a tree."""
    return {child: parent for parent in tree.iter() for child in parent}


def take_out(parent: Element, child: Element, instead: str = "") -> None:
    """Take an element out, and put a text in its place; what stands behind it stays."""
    at = list(parent).index(child)
    text = instead + (child.tail or "")
    child.tail = None
    if at:
        parent[at - 1].tail = (parent[at - 1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text
    parent.remove(child)


def unwrap(parent: Element, child: Element) -> None:
    """Put what an element holds in its place."""
    at = list(parent).index(child)
    inside = list(child)
    before = child.text or ""
    if inside:
        inside[-1].tail = (inside[-1].tail or "") + (child.tail or "")
    else:
        before += child.tail or ""
    if at:
        parent[at - 1].tail = (parent[at - 1].tail or "") + before
    else:
        parent.text = (parent.text or "") + before
    parent[at : at + 1] = inside
