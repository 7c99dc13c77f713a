"""Where Alembic begins: runs the migrations on the connection that pli.schema hands over."""

from alembic import context

import accounts.models  # noqa: F401
import mailer.bounce_models
import mailer.draft_models
import mailer.intake_models
import mailer.models  # noqa: F401
import pli.tables  # noqa: F401
import subscribers.models  # noqa: F401 (each adds its tables to the metadata, for autogenerate)
from pli.columns import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
