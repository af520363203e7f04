"""Ending sessions: a token of an older version is void, and sockets that came with one are cut at once (ASVS 7.4)."""

from collections.abc import Callable

import msgspec
from aiohttp import web

from router.api.deps import DEPS
from router.api.problems import Problem
from router.api.routes import CORRELATION, principal_of
from router.runtime.accounts import Account, Accounts
from router.runtime.acts import Act


class Sessions:
    """Writes accounts and tells whoever keeps sockets for them."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._told: list[Callable[[str], None]] = []

    def on_change(self, told: Callable[[str], None]) -> None:
        """Call `told` with the login whenever an account was changed here."""
        self._told.append(told)

    async def put(self, account: Account, password_hash: str | None = None, *, act: Act | None) -> Account:
        """Write an account under its next version; every session of it ends."""
        old = self._accounts.account(account.login)
        account = msgspec.structs.replace(account, version=old.version + 1 if old is not None else 1)
        await self._accounts.put_account(account, password_hash, act=act)
        for told in self._told:
            told(account.login)
        return account

    async def end(self, login: str) -> None:
        """End every session of a login. Raises Problem for no account."""
        account = self._accounts.account(login)
        if account is None:
            raise Problem("not_found", "There is no such account.")
        await self.put(account, act=None)


def act_of(request: web.Request, command: str) -> Act:
    """What the audit keeps of who changes an account or a key by this request."""
    now = request.app[DEPS].clock.now_ms()
    return Act(by=principal_of(request).by, command=command, at_ms=now, correlation=request[CORRELATION])


SESSIONS: web.AppKey[Sessions] = web.AppKey("sessions", Sessions)
