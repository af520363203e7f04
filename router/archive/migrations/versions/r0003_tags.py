"""Tags of customers, by which rules of classification know them; what items were classified by, and what they wish.

What is in the data base stays as it is: its customers have no tags, its items were classified by no rule.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ADDED: "tuple[tuple[str, sa.Column[Any]], ...]" = (
    ("customers", sa.Column("tags", sa.String, nullable=False, server_default="")),
    ("items", sa.Column("rules", sa.JSON, nullable=False, server_default="[]")),
    ("items", sa.Column("wishes", sa.JSON, nullable=False, server_default="{}")),
    ("items", sa.Column("waited", sa.BigInteger, nullable=False, server_default="0")),
    ("items", sa.Column("prefers", sa.String, nullable=False, server_default="")),
)


def upgrade() -> None:
    """Add the columns with what they are for rows of before."""
    for table, column in _ADDED:
        op.add_column(table, column)


def downgrade() -> None:
    """Take them away, with what they hold."""
    for table, column in reversed(_ADDED):
        op.drop_column(table, column.name)
