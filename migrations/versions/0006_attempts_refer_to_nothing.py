"""attempts have no foreign key; more room in each page of deliveries

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_KEY = "fk_attempt_delivery_id_delivery"
_AS_IT_IS = {"sqlite_with_rowid": False}


def upgrade() -> None:
    with op.batch_alter_table("attempt", table_kwargs=_AS_IT_IS) as attempt:
        attempt.drop_constraint(op.f(_KEY), type_="foreignkey")
    _fill(50)


def downgrade() -> None:
    _fill(60)
    with op.batch_alter_table("attempt", table_kwargs=_AS_IT_IS) as attempt:
        attempt.create_foreign_key(op.f(_KEY), "delivery", ["delivery_id"], ["id"])


def _fill(percent: int) -> None:
    if op.get_context().dialect.name == "postgresql":
        # A claim changes every row of a page at once. Without room there for a second version of
        # each row, PostgreSQL writes to all indexes.
        op.execute(f"ALTER TABLE delivery SET (fillfactor = {percent})")
