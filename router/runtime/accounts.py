"""Accounts and API keys: who may do what. The port; `router.archive` keeps them in SQL."""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from router.runtime.acts import Act

Role: TypeAlias = Literal["agent", "supervisor", "admin"]


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A role, for the named teams (none named: for all; only admins may have that)."""

    role: Role
    teams: tuple[str, ...] = ()


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A person who logs in. `agent` is the agent they work as ('' for none). A token of an older `version` is void;
    version 0 was never written.

    `must_change`: somebody else knows the password, so that nothing can be done with it but choosing another one.
    """

    login: str
    agent: str = ""
    grants: tuple[Grant, ...] = ()
    disabled: bool = False
    version: int = 0
    must_change: bool = False


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """An integrator's key. Only `hash` (SHA-256, hex) of the secret is kept."""

    id: str
    name: str
    hash: str
    disabled: bool = False


class AccountOvertaken(Exception):
    """The account is not of the version that the writer saw: somebody, perhaps on another node, was faster."""


class Accounts(Protocol):
    """Reads come from memory (checked on every call), writes go to SQL and then to memory. What other nodes write is
    known here a moment later. Whatever asks SQL raises StoreError.

    Each write leaves a row in the audit, in the same transaction; only one that changes nobody's rights (the end of
    one's own sessions) has no `act`.
    """

    async def start(self) -> None: ...

    async def catch_up(self) -> None:
        """Know now what other nodes wrote."""
        ...

    def on_change(self, told: Callable[[str], None]) -> None:
        """Call `told` with the login whenever an account became another one, on whichever node it was changed."""
        ...

    def account(self, login: str) -> Account | None: ...

    def accounts(self) -> Sequence[Account]: ...

    def key(self, hash: str) -> ApiKey | None: ...

    def keys(self) -> Sequence[ApiKey]: ...

    async def password_hash(self, login: str) -> str | None: ...

    async def put_account(self, account: Account, password_hash: str | None = None, *, act: Act | None) -> Account:
        """Add the account, or change the one of this version, and write down who did. It is then of the next version.

        Without `password_hash` the password stays what it is. Raises AccountOvertaken; then nothing was written.
        """
        ...

    async def put_key(self, key: ApiKey, *, act: Act) -> None: ...
