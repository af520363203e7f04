"""The tables of history: one schema for SQLite and PostgreSQL, portable types only.

Rows that an event starts (a leg, a queue visit, an interval, an audit row) are keyed by that event's position,
so that writing them twice is impossible and their order is that of the log. Times are Unix milliseconds.
Texts, names and addresses are only in `contents`, `customers` and `customer_addresses` (content is not in the
log): these are what erasure empties. Records in `audit` are what supervisors edit, and `deeds` names fields of a
customer, never what is in them. Change this together with a new revision in `migrations`.
"""

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    false,
    true,
)

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key(name: str, *, primary_key: bool = False) -> "Column[str]":
    return Column(name, String, primary_key=primary_key, nullable=False)


def _to(name: str, target: str) -> "Column[str]":
    return Column(name, String, ForeignKey(target), nullable=False)


def _position() -> "Column[int]":
    return Column("position", BigInteger, primary_key=True, autoincrement=False)


def _ms(name: str, *, nullable: bool = False) -> "Column[int]":
    return Column(name, BigInteger, nullable=nullable)


def _count(name: str) -> "Column[int]":
    return Column(name, BigInteger, nullable=False)


def _flag(name: str) -> "Column[bool]":
    return Column(name, Boolean, nullable=False)


def _since(name: str) -> "Column[str]":
    """A text that rows of before a revision have not: it is empty in them."""
    return Column(name, String, nullable=False, server_default="")


# -- the log ------------------------------------------------------------------------------------------------

entries = Table(
    "entries",
    metadata,
    Column("last", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    _ms("at_ms"),
    _key("digest"),
    Column("data", LargeBinary, nullable=False),
)
"""Every committed batch as it lay in the store."""

archive_position = Table(
    "archive_position",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    _key("digest"),
    Column("moved", BigInteger, nullable=False),
)
"""One row: how far the archive is. Contents named up to `moved` have surely left the store."""

snapshots = Table(
    "snapshots",
    metadata,
    _position(),
    _key("digest"),
    _key("state_digest"),
    Column("shape", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
"""The whole state at a position, to start a replay from."""

# -- conversations ------------------------------------------------------------------------------------------

conversations = Table(
    "conversations",
    metadata,
    _key("id", primary_key=True),
    _key("channel"),
    _key("customer"),
    _key("language"),
    _key("address"),
    _key("item"),
    _key("last_agent"),
    _count("seq"),
    _flag("gone"),
    _ms("opened_at_ms"),
    _since("reference"),
    _since("split_from"),
    _since("merged_into"),
    Index(None, "customer"),
    Index(None, "reference"),
    Index(None, "split_from"),
    Index(None, "merged_into"),
)
"""The lasting exchange with one customer; `item` is its latest work item, `seq` its last message.

`split_from` is the conversation that it is one matter of, `merged_into` the one in which it goes on.

`reference` is what people call it by: empty for one of before there were any.
"""

messages = Table(
    "messages",
    metadata,
    _position(),
    _to("conversation", "conversations.id"),
    _count("seq"),
    _key("id"),
    _key("side"),
    _key("agent"),
    _key("item"),
    _key("content"),
    _key("natural_key"),
    _key("delivery"),
    _flag("automatic"),
    _ms("at_ms"),
    _count("size"),
    UniqueConstraint("conversation", "seq"),
    Index(None, "natural_key"),
)
"""One part of a conversation; its text lies in `contents`."""

thread_keys = Table(
    "thread_keys",
    metadata,
    _key("key", primary_key=True),
    Column("conversation", String, ForeignKey("conversations.id"), primary_key=True),
    _count("position"),
)
"""Hashes of message ids, and the conversations they belong to."""

contents = Table(
    "contents",
    metadata,
    _key("id", primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
"""Bodies, subjects, names and addresses. Personal: erasure empties it."""

# -- items --------------------------------------------------------------------------------------------------

items = Table(
    "items",
    metadata,
    _key("id", primary_key=True),
    _to("conversation", "conversations.id"),
    _key("channel"),
    _key("state"),
    _key("outcome"),
    _key("queue"),
    Column("requirement", JSON, nullable=False),
    _count("priority"),
    _key("language"),
    _key("category"),
    _key("customer"),
    _key("entry_point"),
    Column("rules", JSON, nullable=False, server_default="[]"),
    Column("wishes", JSON, nullable=False, server_default="{}"),
    Column("waited", BigInteger, nullable=False, server_default="0"),
    _since("prefers"),
    _key("call"),
    _key("attributes"),
    _ms("opened_at_ms"),
    _ms("first_entered_at_ms"),
    _ms("entered_at_ms"),
    _ms("due_at_ms"),
    _count("seq"),
    _key("only"),
    _key("agent"),
    _key("last_agent"),
    _ms("accepted_at_ms", nullable=True),
    _flag("answered"),
    _flag("held"),
    Column("excepted", JSON, nullable=False),
    _count("expiries"),
    _count("connect_failures"),
    _count("escalations"),
    _ms("wrap_until_at_ms", nullable=True),
    _ms("pending_until_at_ms", nullable=True),
    _key("pending_reason"),
    _key("disposition"),
    _key("reopens"),
    _count("reopen_count"),
    _ms("closed_at_ms", nullable=True),
    _since("related"),
    _ms("kept_until_at_ms", nullable=True),
    _since("split_from"),
    Column("counted", Boolean, nullable=False, server_default=true()),
    Column("questions", JSON, nullable=False, server_default="[]"),
    _since("consults"),
    Column("more", JSON, nullable=False, server_default="{}"),
    Index(None, "closed_at_ms", "id"),
    Index(None, "conversation"),
    Index(None, "call"),
    Index(None, "customer", "opened_at_ms"),
)
"""One work item, as it is now or was when it closed; `outcome` is empty while it is open. `counted`: whether the
service level counts it; `split_from` is the item whose mail it is one matter of; `consults` the item that a consult is
about. `more` holds, by name, what else its record says and nobody counts or searches by."""

legs = Table(
    "legs",
    metadata,
    _position(),
    _to("item", "items.id"),
    _key("queue"),
    _key("agent"),
    _key("reservation"),
    _ms("reserved_at_ms", nullable=True),
    _ms("accepted_at_ms", nullable=True),
    _ms("wrapping_at_ms", nullable=True),
    _ms("ended_at_ms", nullable=True),
    _key("ended"),
    Index(None, "item"),
    Index(None, "agent", "accepted_at_ms"),
)
"""One holding of an item by an agent, from the reservation (or taking it up again) to its end.

`ended` says how: declined, expired, rescinded, connect_failed or released for a reservation that came to
nothing or was undone; completed, abandoned, escalated, transferred, requeued, pending for work that was done;
returned or absent for work that its agent gave back, or that was taken back from them.
"""

queue_visits = Table(
    "queue_visits",
    metadata,
    _position(),
    _to("item", "items.id"),
    _key("queue"),
    _ms("entered_at_ms"),
    _ms("left_at_ms", nullable=True),
    _key("reason_in"),
    _key("reason_out"),
    Index(None, "item"),
    Index(None, "queue", "entered_at_ms"),
)
"""One wait of an item in a queue (a reservation is part of it), until somebody accepts it or it goes elsewhere."""

stories = Table(
    "stories",
    metadata,
    _position(),
    _to("item", "items.id"),
    _count("entry"),
    Index(None, "item"),
)
"""Which events name an item, and in which entry (by its last position) each lies."""

notes = Table(
    "notes",
    metadata,
    _position(),
    _to("item", "items.id"),
    _key("agent"),
    _key("kind"),
    _key("content"),
    _key("reason"),
    _key("from_queue"),
    _key("to_queue"),
    _key("to_agent"),
    _ms("at_ms"),
    Index(None, "item"),
)
"""What an agent told those who come after: a note, or the note of an escalation, a transfer, a consult and its
answer, or of giving it back."""

deliveries = Table(
    "deliveries",
    metadata,
    _key("id", primary_key=True),
    _to("conversation", "conversations.id"),
    _key("item"),
    _key("message"),
    _key("content"),
    _key("channel"),
    _key("agent"),
    _key("state"),
    _count("attempt"),
    _key("code"),
    _ms("at_ms"),
    Index(None, "conversation"),
)
"""One message of ours on its way out: sent, failed or unknown in the end."""

# -- customers ----------------------------------------------------------------------------------------------

customers = Table(
    "customers",
    metadata,
    _key("id", primary_key=True),
    _key("name"),
    _key("folded"),
    _key("language"),
    _key("identity_how"),
    _ms("identity_at_ms", nullable=True),
    _key("identity_by"),
    _key("notes"),
    _since("tags"),
    _ms("created_at_ms"),
    _count("revision"),
    Index(None, "folded", "id"),
)
"""Who contacts us: made with their first contact, or by an agent. Personal: erasure empties it.

`folded` is the name as it is searched. `identity_how` is how an agent checked who they are ('' for not checked).
`tags` stand one after the other with a blank between: rules of classification look at them.
"""

customer_addresses = Table(
    "customer_addresses",
    metadata,
    _key("key", primary_key=True),
    Column("customer", String, ForeignKey("customers.id"), nullable=True),
    _key("kind"),
    _key("address"),
    Column("link", BigInteger, nullable=True),
    Index(None, "customer"),
    Index(None, "address"),
    Index(None, "link"),
)
"""Numbers, mailboxes and handles, each of one customer. Personal: erasure empties it.

`key` is the pseudonym of the normalised address, and by default the customer's id. `link` numbers the changes that gave
it to another customer, or took it from one (then `customer` is null: nobody knows whose it is); null for none.
"""

# -- people -------------------------------------------------------------------------------------------------

agent_intervals = Table(
    "agent_intervals",
    metadata,
    _position(),
    _key("agent", primary_key=True),
    _key("presence"),
    _key("reason"),
    _key("activity"),
    _ms("from_ms"),
    _ms("to_ms", nullable=True),
    Index(None, "agent", "from_ms"),
)
"""What an agent said and did, from when to when: one after the other, no gap, no overlap; the last is open."""

audit = Table(
    "audit",
    metadata,
    _position(),
    _ms("at_ms"),
    _key("by"),
    _key("correlation"),
    _key("command"),
    _key("kind"),
    _key("subject"),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Index(None, "kind", "subject"),
    Index(None, "at_ms", "position"),
)
"""Who changed what in the centre, and what supervisors did to items."""

deeds = Table(
    "deeds",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    _ms("at_ms"),
    _key("by"),
    _key("correlation"),
    _key("command"),
    _key("kind"),
    _key("subject"),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Index(None, "at_ms", "id"),
    Index(None, "kind", "subject"),
)
"""Who changed what beside the log: accounts, keys, customers (of these only which fields)."""

alarms = Table(
    "alarms",
    metadata,
    _position(),
    _ms("at_ms"),
    _key("code"),
    Column("subject", String, nullable=False),
    _count("count"),
)
"""What a supervisor or the operator had to look at."""

accounts = Table(
    "accounts",
    metadata,
    _key("login", primary_key=True),
    _key("agent"),
    Column("grants", JSON, nullable=False),
    _flag("disabled"),
    _count("version"),
    Column("password_hash", String),
    Column("must_change", Boolean, nullable=False, server_default=false()),
)
"""People who log in. The password is an argon2 hash, never itself; `must_change`: somebody else chose it."""

api_keys = Table(
    "api_keys",
    metadata,
    _key("id", primary_key=True),
    _key("name"),
    _key("hash"),
    _flag("disabled"),
    UniqueConstraint("hash"),
)
"""Integrators' keys, by the hash of the secret."""
