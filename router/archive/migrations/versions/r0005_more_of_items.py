"""Items say more than they have columns for, and some are consults about others.

Rows of before say no more than they did.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns with what they are for rows of before."""
    op.add_column("items", sa.Column("consults", sa.String, nullable=False, server_default=""))
    op.add_column("items", sa.Column("more", sa.JSON, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Take them away, with what they hold."""
    op.drop_column("items", "more")
    op.drop_column("items", "consults")
