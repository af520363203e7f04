"""Run by Alembic: migrates over the connection that `router.archive.migrate` hands it, in that transaction."""

from alembic import context

from router.archive.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
