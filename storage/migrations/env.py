"""What Alembic runs; the connection is always handed over by `storage/migrate.py`, already in its transaction."""

from alembic import context

from storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite can alter a table only by building it anew
    transactional_ddl=True,
)
context.run_migrations()
