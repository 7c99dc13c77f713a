"""What is wrong with a file of settings, told in sentences: Pydantic's faults, and TOML's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pli.language import N_, Sentence, say

_SENTENCES = {
    "literal_error": N_("must be one of {expected}"),
    "greater_than": N_("must be more than {gt}"),
    "greater_than_equal": N_("must be at least {ge}"),
    "less_than_equal": N_("must be at most {le}"),
    "string_type": N_("is not a text: write it between quotes"),
    "string_too_short": N_("is empty: write it"),
    "string_too_long": N_("is too long: write {max_length} characters at most"),
    "too_long": N_("is too long: write {max_length} at most"),
    "int_parsing": N_("is not a whole number"),
    "int_type": N_("is not a whole number"),
    "int_from_float": N_("is not a whole number"),
    "float_parsing": N_("is not a number"),
    "float_type": N_("is not a number"),
    "bool_parsing": N_("must be true or false"),
    "bool_type": N_("must be true or false"),
    "tuple_type": N_("is not a list such as [300, 900]"),
    "list_type": N_('is not a list such as ["…", "…"]'),
    "model_type": N_("is no table: write [{table}] above its values"),
    "missing": N_("is missing"),
    "extra_forbidden": N_("there is no such setting"),
}


def told(fault: Mapping[str, Any]) -> Sentence:
    """Tell one of Pydantic's faults, without its place."""
    context = dict(fault.get("ctx", {}))
    if "error" in context or fault["type"] not in _SENTENCES:
        text = str(context.get("error", fault["msg"]))
        return say(text)
    if "expected" in context:
        context["expected"] = context["expected"].replace(" or ", ", ")
    context["table"] = ".".join(str(step) for step in fault["loc"])
    return say(_SENTENCES[fault["type"]], **context)


def no_toml(file: str, error: ValueError) -> Sentence:
    """Tell that a file is no TOML, with line and column where `error` knows them."""
    place = re.search(r"line (\d+), column (\d+)", str(error))
    if "end of document" in str(error):
        return say(N_('{file}: the last line is not TOML: write name = "value"'), file=file)
    if place is None:
        return say(N_("{file}: is not TOML: {reason}"), file=file, reason=str(error))
    return say(
        N_('{file}: line {line}, column {column} is not TOML: write name = "value"'),
        file=file,
        line=place[1],
        column=place[2],
    )
