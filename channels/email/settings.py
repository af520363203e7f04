"""What an operator says about a mailbox in `firstline.toml`: a table `[mailboxes.NAME]`.

It may not connect to anything. A mailbox with `imap` is read, one with `smtp` sends; either may be left out.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

Port: TypeAlias = Annotated[int, Meta(ge=1, le=65_535)]
Tls: TypeAlias = Literal["implicit", "starttls", "none"]


class Imap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where mail is read. `inbox` is the queue: each mail leaves it for `processed` or `failed` once it is safe.

    `ca_file` names certificates to trust beside the system's (a private mail server).
    """

    host: str
    user: str
    password: str
    port: Port = 993
    tls: Literal["implicit", "none"] = "implicit"
    ca_file: str = ""
    inbox: str = "INBOX"
    processed: str = "Processed"
    failed: str = "Failed"


class Smtp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where mail is sent through. Without `user` nobody logs in."""

    host: str
    port: Port = 587
    user: str = ""
    password: str = ""
    tls: Tls = "starttls"
    ca_file: str = ""


class MailboxSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mailbox. `address` is that of its entry point; `title` is the name customers see beside it."""

    name: str
    address: Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+$")]
    title: str = ""
    imap: Imap | None = None
    smtp: Smtp | None = None


def mailboxes(tables: Mapping[str, Mapping[str, Any]]) -> list[MailboxSettings]:
    """The mailboxes that these settings describe. Raises ValueError, naming the mailbox and the key."""
    found = []
    for name, table in tables.items():
        try:
            found.append(msgspec.convert({**table, "name": name}, MailboxSettings))
        except msgspec.ValidationError as error:
            raise ValueError(f"mailboxes.{name}: {error}") from error
    return found
