"""What the page for writing is told of a finding: its words there, its place, and its button."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailer.letter import front_matter, head, picture_findings, preflight
from mailer.letter.drafts.preview import Placed
from pli.language import N_, Sentence, say

_ALTERNATIVE = N_("say below it what it shows, or that it only decorates")
ON_PAGE: Mapping[str, str] = {
    preflight.NO_HEADING: N_(
        "give the first line the style “Title of the letter” if it should read otherwise"
    ),
    preflight.SECOND_HEADING: N_("give it the style “Heading”"),
    preflight.DEEP_HEADING: N_("give it a style that is one step smaller, not two"),
    picture_findings.UNSEEN: _ALTERNATIVE,
    picture_findings.UNSEEN_BLOCK: _ALTERNATIVE,
}
"""What to do on a page that shows no Markdown, by the remedy for whoever writes Markdown."""


def finding_document(placed: Placed, language: str) -> dict[str, Any]:
    """A finding for the module: `line` counts from 0 in the body; `field` is one of the head's.

    `on_page` is the remedy where no Markdown is shown; `gap` is the word of a person that leaves
    one.
    """
    it = placed.finding
    on_page = ON_PAGE.get(it.remedy.text)
    return {
        "severity": it.severity.value,
        "line": it.line,
        "field": placed.field,
        "text": _sentence(placed).tell(language),
        "remedy": it.remedy.tell(language),
        "on_page": on_page and say(on_page).tell(language),
        "gap": it.sentence.values["name"] if it.sentence.text == preflight.GAP else None,
        "fix": _fix(placed, language),
    }


def _fix(placed: Placed, language: str) -> dict[str, Any] | None:
    """What a button can do: write other lines into the body, or another value into a field."""
    if placed.value:
        label = say(N_("Take {value}"), value=placed.value).tell(language)
        return {"label": label, "field": placed.field, "value": placed.value}
    if (fix := placed.finding.fix) is None:
        return None
    return {
        "label": say(N_("Correct this")).tell(language),
        "line": fix.line,
        "end": fix.line + 1,
        "old": fix.old,
        "markdown": fix.new,
    }


def _sentence(placed: Placed) -> Sentence:
    """What a finding says; a field of the head is called as the page calls it."""
    found = placed.finding.sentence
    if not placed.field:
        return found
    label = say(head.LABELS[placed.field])
    if found.text == front_matter.MISSING:
        return say(N_("the field “{field}” is empty"), field=label)
    named: dict[str, Any] = {
        key: label for key in ("name", "key") if found.values.get(key) == placed.field
    }
    # A field is filled with the value alone, without the key that stands before it in a file.
    if "example" in found.values:
        named["example"] = str(found.values["example"]).removeprefix(f"{placed.field}: ")
    return Sentence(found.text, {**found.values, **named})
