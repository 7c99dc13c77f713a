"""What the templates of a theme may do: show values and choose, and loop over two short lists.

Nothing ends a loop that runs in a thread, so a template is judged before it runs: each node stands
on a short list, and what all loops and includes come to is counted. Jinja's sandbox stands behind.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache

from jinja2 import FunctionLoader, StrictUndefined, Template, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailer.letter import plain_text
from mailer.letter.tokens import Fonts, Footer, Logo, Masthead, Palette, Shape
from pli.language import N_, Sentence, say

LISTS = ("footer.lines", "footer.links")
"""All that a loop may go through: each is short (`mailer/letter/theme_toml.py`)."""
_LOOPS = 2
_LONGEST_LIST = 8
_LARGEST = 2_000
"""So many nodes a template may come to, with all it includes, and each loop unrolled."""
_WHOLE = ("content", "inlined", "kept")
"""Long values, which a template may show only a few times."""
_SHOWN = 4
_VALUES: Mapping[str, Collection[str]] = {
    "letter": ("number", "title", "subject", "preheader", "language"),
    "identity": ("committee", "address", "phone", "email"),
    **{name: tuple(it.name for it in fields(Palette)) for name in ("color", "dark")},
    **{
        name: tuple(it.name for it in fields(kind))
        for name, kind in (
            ("font", Fonts), ("shape", Shape), ("logo", Logo), ("masthead", Masthead),
            ("footer", Footer),
        )
    },
    **dict.fromkeys(
        (
            *("content", "inlined", "kept", "blocks", "web", "headed", "date", "telephone"),
            *("unsubscribe", "web_version", "list_title", "logo_source", "logo_dark_source"),
            *("padding", "tell", "spaced", "true", "false", "none"),
        ),
        (),
    ),
}  # fmt: skip
"""The names that a template may read, and their attributes."""
_CALLS = ("tell", "spaced", "super")
_FILTERS = (
    *("default", "d", "e", "escape", "length", "lower", "upper", "capitalize", "title", "trim"),
    *("one_line", "wrapped", "underlined", "striptags"),
)
_CHANGING = ("lower", "upper", "capitalize", "title", "striptags")
_OPAQUE = ("content", "unsubscribe", "web_version", "list_title", "padding")
"""Values with placeholders in them, which the press finds only as they are."""
_ALLOWED = (
    *(nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Include, nodes.Extends),
    *(nodes.Block, nodes.Name, nodes.Getattr, nodes.Const, nodes.Filter, nodes.Call),
    *(nodes.Keyword, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not),
    *(nodes.CondExpr, nodes.Concat, nodes.Tuple, nodes.List, nodes.Test),
)
_FETCHED = re.compile(
    r"<\s*(?:script|link|iframe|form|object|embed|base|video|audio)\b|@import|url\s*\(|"
    r"\b(?:src|srcset|background|poster)\s*=\s*[\"']?\s*(?:https?:)?//|\son[a-z]+\s*=",
    re.IGNORECASE,
)

Fault = tuple[str, int, Sentence]
"""File, line and what is wrong."""


@lru_cache(maxsize=32)
def compiled(files: tuple[tuple[str, str], ...], file: str) -> Template:
    """One of a theme's templates; cached, for compiling takes longer than rendering."""
    return _environment(dict(files), autoescape=file.endswith(".html.j2")).get_template(file)


def faults(files: Mapping[str, str], mains: Collection[str]) -> Iterator[Fault]:
    """What is wrong with the files of a theme; `mains` are those that the layout renders."""
    judged = _Judged(files, {})
    for name, text in files.items():
        if found := _FETCHED.search(text):
            line = text.count("\n", 0, found.start()) + 1
            yield (
                name,
                line,
                say(
                    N_('"{text}" would run or load something: a mail does neither, take it away'),
                    text=" ".join(found[0].split()),
                ),
            )
        try:
            judged.parsed[name] = _environment(files, autoescape=True).parse(text)
        except TemplateSyntaxError as error:
            yield name, error.lineno, say(N_("is no Jinja: {reason}"), reason=str(error.message))
        except RecursionError:
            yield name, 1, say(N_("stands too deep within itself: simplify it"))
    broken = False
    for name in judged.parsed:
        for fault in _nodes(judged, name):
            broken = True
            yield fault
    if not broken:
        yield from (fault for main in mains for fault in _size(judged, main))


def place_of(error: BaseException, files: Collection[str]) -> tuple[str, int] | None:
    """The file and line of a theme in which an error arose, if it arose in one."""
    found = None
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename in files:
            found = step.tb_frame.f_code.co_filename, step.tb_lineno
        step = step.tb_next
    return found


@dataclass(slots=True)
class _Judged:
    files: Mapping[str, str]
    parsed: dict[str, nodes.Template]


def _environment(files: Mapping[str, str], *, autoescape: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        # With its name as its file's, so that an error's traceback knows the file.
        loader=FunctionLoader(lambda name: (files[name], name, None) if name in files else None),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.clear()
    environment.filters |= {
        "wrapped": _wrapped,
        "one_line": _one_line,
        "underlined": _underlined,
    }
    return environment


def _wrapped(text: str) -> str:
    return "\n".join(plain_text.wrapped(text))


def _one_line(text: str) -> str:
    return type(text)(", ").join(it.strip() for it in text.splitlines() if it.strip())


def _underlined(text: str, sign: str = "=") -> str:
    """A line of signs as long as a heading, for plain text."""
    return sign[:1] * min(len(text), 72)


def _nodes(judged: _Judged, name: str) -> Iterator[Fault]:
    waiting: list[tuple[nodes.Node, int, int, frozenset[str]]] = [
        (it, 1, 0, frozenset()) for it in judged.parsed[name].body
    ]
    while waiting:
        node, line, loops, names = waiting.pop()
        # Jinja makes nodes of its own around those of the text, and these have no line.
        lines = (it.lineno for it in (node, *node.find_all(nodes.Node)))
        line = next((it for it in lines if it), line)
        if isinstance(node, nodes.For):
            loops += 1
            names |= {it.name for it in node.target.find_all(nodes.Name)} | {"loop"}
            if isinstance(node.target, nodes.Name):
                names |= {node.target.name}
        if sentence := _fault(node, loops, names, judged):
            yield name, line, sentence
            continue
        if isinstance(node, nodes.Call):
            # The called name was judged: it stands for nothing that can be shown.
            children = [*node.args, *node.kwargs]
        else:
            children = [*node.iter_child_nodes()]
        waiting.extend((it, line, loops, names) for it in children)


def _fault(node: nodes.Node, loops: int, names: frozenset[str], judged: _Judged) -> Sentence | None:
    match node:
        case nodes.For():
            return _loop(node, loops)
        case nodes.Name(name=name, ctx="load") if name not in _VALUES and name not in names:
            return say(N_('there is no value "{name}"'), name=name)
        case nodes.Getattr():
            return _attribute(node, names)
        case nodes.Call(node=nodes.Name(name=name)) if name in _CALLS:
            return None
        case nodes.Filter(name=name) if name not in _FILTERS:
            known = ", ".join(_FILTERS)
            return say(N_('there is no filter "{name}": use {known}'), name=name, known=known)
        case nodes.Filter(name=name) if name in _CHANGING and (opaque := _opaque(node)):
            return say(
                N_('"{name}" would spoil {value}: show it as it is'), name=name, value=opaque
            )
        case nodes.Include(template=wanted) | nodes.Extends(template=wanted):
            if not isinstance(wanted, nodes.Const) or wanted.value not in judged.files:
                return say(N_("names a file that the theme has not"))
            return None
        case nodes.Call():
            return say(N_("calls something: a template may call {known}"), known=", ".join(_CALLS))
        case _ if not isinstance(node, _ALLOWED):
            kind = type(node).__name__.lower()
            return say(N_('"{kind}" is nothing that a template may do'), kind=kind)
    return None


def _opaque(node: nodes.Filter) -> str:
    """The name of a value with placeholders that a filter is put on; "" if there is none."""
    names = (it.name for it in node.find_all(nodes.Name))
    return next((it for it in names if it in _OPAQUE), "")


def _loop(node: nodes.For, loops: int) -> Sentence | None:
    if loops > _LOOPS:
        return say(N_("loops stand within each other more than {n} deep"), n=_LOOPS)
    iterated = node.iter
    over = (
        f"{iterated.node.name}.{iterated.attr}"
        if isinstance(iterated, nodes.Getattr) and isinstance(iterated.node, nodes.Name)
        else ""
    )
    if over not in LISTS or node.recursive:
        return say(N_("loops over something else than {known}"), known=", ".join(LISTS))
    return None


def _attribute(node: nodes.Getattr, names: frozenset[str]) -> Sentence | None:
    root = node.node
    if not isinstance(root, nodes.Name):
        return say(N_('".{name}" of something that has no values'), name=node.attr)
    known = ("index", "first", "last") if root.name == "loop" else _VALUES.get(root.name, ())
    if (root.name in _VALUES or root.name in names) and node.attr not in known:
        return say(
            N_('there is no value "{root}.{name}": there are {known}'),
            root=root.name,
            name=node.attr,
            known=", ".join(known) or "–",
        )
    return None


def _size(judged: _Judged, main: str) -> Iterator[Fault]:
    """Whether a template comes to too much once its loops and includes are unrolled."""
    if main not in judged.parsed:
        return
    counted = _Counted(judged, [])
    try:
        size, shown = counted.of(main)
    except _Circle:
        circle = " → ".join(counted.open)
        yield main, 1, say(N_("includes itself: {circle}"), circle=circle)
        return
    if size > _LARGEST or shown > _SHOWN:
        yield main, 1, say(N_("comes to too much: include less, and loop less"))


class _Circle(Exception):
    pass


@dataclass(slots=True)
class _Counted:
    """Counts nodes, and how often long values are shown; `open` are the files being counted."""

    judged: _Judged
    open: list[str]

    def of(self, name: str) -> tuple[int, int]:
        self.open.append(name)
        if name in self.open[:-1]:
            raise _Circle
        size, shown = 0, 0
        waiting: list[tuple[nodes.Node, int]] = [(it, 1) for it in self.judged.parsed[name].body]
        while waiting:
            node, times = waiting.pop()
            size += times
            shown += times * (isinstance(node, nodes.Name) and node.name in _WHOLE)
            if isinstance(node, nodes.Include | nodes.Extends):
                assert isinstance(node.template, nodes.Const)
                more = self.of(node.template.value) if size <= _LARGEST else (0, 0)
                size, shown = size + times * more[0], shown + times * more[1]
            if isinstance(node, nodes.For):
                times *= _LONGEST_LIST
            waiting.extend((it, times) for it in node.iter_child_nodes())
        self.open.pop()
        return size, shown


def told(texts: Mapping[str, str], text: str) -> str:
    """Put values into `{name}` of a text: only names, where str.format reads attributes, too."""
    return re.sub(r"\{(\w+)\}", lambda found: texts.get(found[1], found[0]), text)
