"""Tells what of an author's HTML and attributes does not reach the letter."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mailer.letter.blocks import footnotes
from mailer.letter.html_source import Tag, line_in, tags
from mailer.letter.note import Note
from mailer.letter.placeholders import Placeholders
from mailer.letter.sanitising import (
    ATTRIBUTES,
    BLOCKS,
    CLASSES,
    EVERYWHERE,
    INLINE,
    PROPERTIES,
    READ,
    SWALLOWED,
)
from pli.language import N_, Sentence, say

_KEPT = BLOCKS | INLINE
_HARMLESS = frozenset(("html", "head", "body", "wbr", "nobr", "bdo", "bdi", "colgroup", "col"))
"""Elements that say nothing: without them, their text is as it was."""
_SHOWN = 10
"""So many names are listed at most."""
_ALL_CLASSES = sorted({name for names in CLASSES.values() for name in names})
_ALL_ATTRIBUTES = sorted(EVERYWHERE | {it for names in ATTRIBUTES.values() for it in names})


@dataclass(slots=True)
class Dropped:
    """Collects what is dropped: `faults` where words would vanish, notes of all else."""

    faults: list[tuple[int, Sentence]] = field(default_factory=list)
    _notes: list[Note] = field(default_factory=list)
    _seen: set[tuple[str, str]] = field(default_factory=set)
    _looks: dict[str, int] = field(default_factory=dict)

    def notes(self) -> list[Note]:
        """All notes; what only changes the looks of pasted HTML is one of them."""
        if not self._looks:
            return self._notes
        names = list(self._looks)
        looks = Note(
            min(self._looks.values()),
            say(
                N_("these have no effect in a letter, and are taken out: {names}"),
                names=", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else ""),
            ),
            say(N_("write Markdown, or look at the preview")),
        )
        return [*self._notes, looks]

    def html(self, html: str, placeholders: Placeholders) -> None:
        """Look at the whole letter in HTML, before it is cleaned."""
        line = 0
        swallowing: tuple[str, int] | None = None
        for tag in tags(html):
            line = line_in(html, tag, line)
            if swallowing and tag.closing and tag.name == swallowing[0]:
                swallowing = None
            elif not swallowing and tag.name in SWALLOWED | {"plaintext"} and not tag.closing:
                swallowing = tag.name, line
            if tag.name and not tag.closing and not placeholders.within(html[tag.start : tag.end]):
                self._tag(tag, html, line)
        if swallowing:
            fault = N_("<{tag}> takes out all that follows: close it with </{tag}>, or remove it")
            self.faults.append((swallowing[1], say(fault, tag=swallowing[0])))

    def _tag(self, tag: Tag, html: str, line: int) -> None:
        if tag.name in _KEPT:
            for name, value in tag.attributes(html).items():
                self.attribute(tag.name, name, value, line)
        elif ":" not in tag.name and tag.name not in _HARMLESS and self._first("tag", tag.name):
            self._notes.append(_taken_out(tag.name, line))

    def unclosed(self, tag: Tag, line: int) -> None:
        """A tag or comment that its author did not end: it takes out what follows."""
        if tag.comment:
            fault = say(N_("a comment is not closed: write --> at its end"))
        else:
            fault = say(N_("<{tag} is not closed: write > at its end"), tag=tag.name or "!")
        self.faults.append((line, fault))

    def word(self, source: str, line: int) -> None:
        """An author's word between < and >, which stays as it is written."""
        if self._first("word", source):
            self._notes.append(
                Note(
                    line,
                    say(N_("{tag} is no HTML, and is shown as it is written"), tag=_cut(source)),
                    say(N_("write the words that belong there, if it is left over")),
                )
            )

    def attribute(self, tag: str, name: str, value: str, line: int) -> None:
        """Look at one attribute of an element that stays."""
        if name == "class":
            for class_ in value.split():
                if class_ not in CLASSES.get(tag, ()) and not class_.startswith("language-"):
                    self._class(tag, class_, line)
        elif name == "style":
            for declaration in value.split(";"):
                style = declaration.partition(":")[0].strip().lower()
                meant = style in PROPERTIES and (style != "text-align" or tag in ("td", "th"))
                if style and not meant and not style.startswith("mso-"):
                    self._looks.setdefault(f"style {style}", line)
        elif name not in EVERYWHERE | READ | ATTRIBUTES.get(tag, set()):
            near = difflib.get_close_matches(name, _ALL_ATTRIBUTES, 1, 0.75)
            if near and near[0] != name and self._first("attribute", name):
                self._notes.append(
                    Note(
                        line,
                        say(N_('the attribute "{name}" is not known here'), name=name),
                        say(N_('did you mean "{near}"?'), near=near[0]),
                    )
                )
            elif not near or near[0] == name:
                self._looks.setdefault(name, line)

    def _class(self, tag: str, class_: str, line: int) -> None:
        home = next((it for it, names in CLASSES.items() if class_ in names), None)
        near = difflib.get_close_matches(class_, _ALL_CLASSES, 1, 0.6)
        if home and self._first(f"class {tag}", class_):
            self._notes.append(
                Note(
                    line,
                    say(N_('the class "{name}" has no effect on <{tag}>'), name=class_, tag=tag),
                    say(N_("it belongs to <{tag}>"), tag=home),
                )
            )
        elif not home and near and self._first("class", class_):
            self._notes.append(
                Note(
                    line,
                    say(N_('the class "{name}" is not known here'), name=class_),
                    say(N_('did you mean "{near}"?'), near=near[0]),
                )
            )
        elif not home and not near:
            self._looks.setdefault(f"class {class_}", line)

    def references(
        self, references: Mapping[str, Mapping[str, object]], used: Iterable[str]
    ) -> None:
        """Look at the lines `[name]: address`: footnotes, and those whose label no link has."""
        taken = set(used)
        for label, reference in references.items():
            where = reference.get("map")
            line = where[0] if isinstance(where, Sequence) else 0
            if label.startswith("^"):
                self.faults.append((line, footnotes.missing(label.lower())))
            elif label not in taken:
                self._notes.append(
                    Note(
                        line,
                        say(N_('the line "[{name}]: …" is taken out'), name=label.lower()),
                        say(N_("write [{name}] where its link should stand"), name=label.lower()),
                    )
                )

    def indented(self, line: int) -> None:
        """A block of code that begins with four spaces or a tab, perhaps by mistake."""
        self._notes.append(
            Note(
                line,
                say(N_("four spaces or a tab make this a block of code")),
                say(N_("take them away; write ``` above and below what is code")),
            )
        )

    def hidden(self, line: int, text: str) -> None:
        """Text that an element hides, in which no placeholder stands any more."""
        self._notes.append(
            Note(
                line,
                say(N_('hidden text is taken out: "{text}"'), text=_cut(text) or "…"),
                say(N_("remove it, or show it")),
            )
        )

    def lost(self, said: Sequence[tuple[int, str]], tree_text: str) -> None:
        """Compare what Markdown gave with what the tree says; lost words are a fault."""
        if not _missing("".join(text for _, text in said), tree_text):
            return
        left = Counter(re.findall(r"\w+", tree_text))
        for line, text in said:
            for word in re.findall(r"\w+", text):
                left[word] -= 1
                if left[word] < 0:
                    self.faults.append((line, _vanishes(word)))
                    return
        self.faults.append((said[0][0], _vanishes("…")))

    def _first(self, kind: str, name: str) -> bool:
        if (kind, name) in self._seen:
            return False
        self._seen.add((kind, name))
        return True


def _missing(said: str, shown: str) -> bool:
    wanted = Counter(it for it in said if it.isalnum())
    return bool(wanted - Counter(it for it in shown if it.isalnum()))


def _vanishes(word: str) -> Sentence:
    return say(
        N_('the words from "{word}" on would vanish: correct the HTML before them'), word=_cut(word)
    )


def _taken_out(name: str, line: int) -> Note:
    if name in SWALLOWED:
        sentence = say(N_("<{tag}> is taken out, with all that it holds"), tag=name)
    else:
        sentence = say(N_("<{tag}> is taken out, and what it holds is plain text"), tag=name)
    return Note(line, sentence, say(N_("write \\<{tag}> if it should be read"), tag=name))


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
