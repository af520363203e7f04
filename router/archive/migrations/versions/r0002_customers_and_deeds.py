"""Customers with their addresses, references of conversations, deeds beside the log, first passwords.

What is in the data base stays as it is: a conversation of before has no reference, and its customer gets a card
with their next contact.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.String, nullable=False, server_default="")


_ADDED: "tuple[tuple[str, sa.Column[str] | sa.Column[int] | sa.Column[bool]], ...]" = (
    ("conversations", _text("reference")),
    ("items", _text("related")),
    ("items", sa.Column("kept_until_at_ms", sa.BigInteger)),
    ("accounts", sa.Column("must_change", sa.Boolean, nullable=False, server_default=sa.false())),
)
_INDEXES = (
    ("conversations", ("reference",)),
    ("items", ("customer", "opened_at_ms")),
    ("audit", ("at_ms", "position")),
)


def upgrade() -> None:
    """Add the columns with what they are for rows of before, then the tables."""
    for table, column in _ADDED:
        op.add_column(table, column)
    for table, columns in _INDEXES:
        op.create_index(_name(table, columns), table, list(columns))
    _make_customers()
    _make_deeds()


def downgrade() -> None:
    """Take them away, with what they hold."""
    for table in ("deeds", "customer_addresses", "customers"):
        op.drop_table(table)
    for table, columns in _INDEXES:
        op.drop_index(_name(table, columns), table)
    for table, column in _ADDED:
        op.drop_column(table, column.name)


def _make_customers() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("folded", sa.String, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("identity_how", sa.String, nullable=False),
        sa.Column("identity_at_ms", sa.BigInteger),
        sa.Column("identity_by", sa.String, nullable=False),
        sa.Column("notes", sa.String, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
    )
    op.create_table(
        "customer_addresses",
        sa.Column("key", sa.String, nullable=False),
        sa.Column("customer", sa.String),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("link", sa.BigInteger),
        sa.PrimaryKeyConstraint("key", name="pk_customer_addresses"),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name="fk_customer_addresses_customer"),
    )
    op.create_index(_name("customers", ("folded", "id")), "customers", ["folded", "id"])
    for column in ("customer", "address", "link"):
        op.create_index(_name("customer_addresses", (column,)), "customer_addresses", [column])


def _make_deeds() -> None:
    op.create_table(
        "deeds",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("correlation", sa.String, nullable=False),
        sa.Column("command", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True)),
        sa.Column("after", sa.JSON(none_as_null=True)),
        sa.PrimaryKeyConstraint("id", name="pk_deeds"),
    )
    for columns in (("at_ms", "id"), ("kind", "subject")):
        op.create_index(_name("deeds", columns), "deeds", list(columns))


def _name(table: str, columns: tuple[str, ...]) -> str:
    return f"ix_{table}_{'_'.join(columns)}"
