"""an import that was stopped goes on; texts are compared as people write them

Revision ID: 0009
Revises: 0008
"""

import re
import unicodedata
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from pli.columns import Document, Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_COUNTS = ("rows", "line", "left_by_file", "barred_by_file")
_PAGE = 1_000

_subscriber = sa.table(
    "subscriber",
    sa.column("id", sa.Integer()),
    sa.column("first_name", sa.String()),
    sa.column("last_name", sa.String()),
    sa.column("attributes", Document()),
    sa.column("folded", Document()),
)
_attribute = sa.table("attribute", sa.column("name", sa.String()), sa.column("type", sa.String()))


def upgrade() -> None:
    with op.batch_alter_table("import") as imports:
        imports.add_column(
            sa.Column("digest", sa.String(length=64), server_default="", nullable=False)
        )
        imports.add_column(
            sa.Column("state", sa.String(length=16), server_default="finished", nullable=False)
        )
        imports.add_column(sa.Column("ended_at", Moment(), nullable=True))
        for name in _COUNTS:
            imports.add_column(sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    _fold_anew(_alike, lambda text: _YES_OR_NO.get(_alike(text), _alike(text)))


def downgrade() -> None:
    _fold_anew(_fold, _fold)
    with op.batch_alter_table("import") as imports:
        for name in (*_COUNTS, "ended_at", "state", "digest"):
            imports.drop_column(name)


def _fold_anew(of_name: Callable[[str], str], of_text: Callable[[str], str]) -> None:
    """Write anew what rules compare of names and texts, where that changes."""
    connection = op.get_bind()
    others = {
        name
        for name, type in connection.execute(sa.select(_attribute.c.name, _attribute.c.type))
        if type != "text"
    }
    last = 0
    while True:
        people = connection.execute(
            sa.select(_subscriber).where(_subscriber.c.id > last).order_by("id").limit(_PAGE)
        ).all()
        if not people:
            return
        last = people[-1].id
        for person in people:
            folded = dict(person.folded)
            for name, value in (person.attributes or {}).items():
                if name in folded and name not in others and isinstance(value, str):
                    folded[name] = of_text(value)
            for name in ("first_name", "last_name"):
                if name in folded:
                    folded[name] = of_name(getattr(person, name))
            if folded != person.folded:
                connection.execute(
                    sa.update(_subscriber)
                    .where(_subscriber.c.id == person.id)
                    .values(folded=folded)
                )


# As the program compared and compares texts at these two versions.
_SISTERS = str.maketrans(
    dict.fromkeys("’‘ʼ´`′＇", "'") | dict.fromkeys("‐‑‒–—−﹣－", "-") | {"\u00ad": ""}
)
_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])\s?-\s?(?=[^\W\d_])")
_YES_OR_NO = dict.fromkeys(("true", "yes", "oui", "vrai"), "oui") | dict.fromkeys(
    ("false", "no", "non", "faux"), "non"
)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _alike(text: str) -> str:
    return _BETWEEN_LETTERS.sub(" ", _fold(text).translate(_SISTERS))
