"""Ending sessions: a token of an older version is void, and sockets that came with one are cut at once (ASVS 7.4)."""

from collections.abc import Callable

import msgspec
from aiohttp import web

from router.api.problems import Problem
from router.runtime.accounts import Account, Accounts


class Sessions:
    """Writes accounts and tells whoever keeps sockets for them."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._told: list[Callable[[str], None]] = []

    def on_change(self, told: Callable[[str], None]) -> None:
        """Call `told` with the login whenever an account was changed here."""
        self._told.append(told)

    async def put(self, account: Account, password_hash: str | None = None) -> Account:
        """Write an account under its next version; every session of it ends."""
        old = self._accounts.account(account.login)
        account = msgspec.structs.replace(account, version=old.version + 1 if old is not None else 1)
        await self._accounts.put_account(account, password_hash)
        for told in self._told:
            told(account.login)
        return account

    async def end(self, login: str, password_hash: str | None = None) -> Account:
        """End every session of a login, setting a new password if one is given. Raises Problem for no account."""
        account = self._accounts.account(login)
        if account is None:
            raise Problem("not_found", "There is no such account.")
        return await self.put(account, password_hash)


SESSIONS: web.AppKey[Sessions] = web.AppKey("sessions", Sessions)
