"""The page on bounces says what the code does."""

from __future__ import annotations

from mailer.bounces import burst
from mailer.bounces.rules import USUAL
from pli.settings import Settings
from tests.mailer.bounces.reasons_table import SISIMAI, rows
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "bounces.md").read_text()


def test_the_table_of_reasons_is_the_one_that_the_code_makes() -> None:
    assert "\n".join(rows()) in PAGE, "python -m tests.mailer.bounces.reasons_table"
    assert len(SISIMAI) == 19


def test_the_numbers_are_those_of_the_code() -> None:
    assert f"at least {burst.LEAST} copies" in PAGE
    assert f"{burst.AT_ONE_PROVIDER:.0%}".replace("%", " %") in PAGE
    assert f"{burst.OF_ALL:.0%}".replace("%", " %") in PAGE
    for name in Settings.model_fields:
        if name.startswith("bounce_") or name == "dsn":
            assert f"`{name}`" in PAGE, name
    defaults = {
        "bounce_keep_days": USUAL.keep_days,
        "bounce_likely_days": USUAL.likely_days,
        "bounce_stale_letters": USUAL.stale_letters,
        "bounce_stale_days": USUAL.stale_days,
        "bounce_reset_days": USUAL.reset_days,
    }
    for name, value in defaults.items():
        assert Settings.model_fields[name].default == value
        assert f"| `{name}` | {value} |" in PAGE
