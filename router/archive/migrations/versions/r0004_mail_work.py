"""Conversations that are one matter of another, or part of one; items that do not count, and what was asked of them.

What is in the data base stays as it is: it was neither split nor merged, and counts.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.String, nullable=False, server_default="")


_ADDED: "tuple[tuple[str, sa.Column[Any]], ...]" = (
    ("conversations", _text("split_from")),
    ("conversations", _text("merged_into")),
    ("items", _text("split_from")),
    ("items", sa.Column("counted", sa.Boolean, nullable=False, server_default=sa.true())),
    ("items", sa.Column("questions", sa.JSON, nullable=False, server_default="[]")),
)
_INDEXES = ("split_from", "merged_into")


def upgrade() -> None:
    """Add the columns with what they are for rows of before."""
    for table, column in _ADDED:
        op.add_column(table, column)
    for column_name in _INDEXES:
        op.create_index(f"ix_conversations_{column_name}", "conversations", [column_name])


def downgrade() -> None:
    """Take them away, with what they hold."""
    for column_name in _INDEXES:
        op.drop_index(f"ix_conversations_{column_name}", "conversations")
    for table, column in _ADDED:
        op.drop_column(table, column.name)
