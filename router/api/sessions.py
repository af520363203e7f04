"""Ending sessions: a token of an older version is void, and sockets that came with one are cut at once (ASVS 7.4)."""

import contextlib
from typing import Any

import msgspec
from aiohttp import web

from router.api import limits
from router.api.deps import DEPS
from router.api.problems import Problem
from router.api.routes import CORRELATION, principal_of
from router.runtime.accounts import Account, AccountOvertaken, Accounts
from router.runtime.acts import Act


class Sessions:
    """Writes accounts. Every write ends all sessions of the account, on every node."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def put(
        self, account: Account, password_hash: str | None = None, *, seen: Account | None, act: Act
    ) -> Account:
        """Write an account under its next version; every session of it ends.

        Raises Problem unless it is still as it was `seen` (None: not there). A password takes a while to hash, and
        who was disabled meanwhile stays so.
        """
        account = msgspec.structs.replace(account, version=seen.version if seen is not None else 0)
        try:
            return await self._accounts.put_account(account, password_hash, act=act)
        except AccountOvertaken as overtaken:
            raise _overtaken(account.login, new=seen is None) from overtaken

    async def change(self, login: str, *, act: Act | None, **changed: Any) -> None:
        """Change these fields of an account as it is by then (none: only end its sessions). Raises Problem for none."""
        for _ in range(limits.CHANGE_TRIES_MAX):
            account = self._accounts.account(login)
            if account is None:
                raise Problem("not_found", "There is no such account.")
            with contextlib.suppress(AccountOvertaken):
                await self._accounts.put_account(msgspec.structs.replace(account, **changed), act=act)
                return
        raise _overtaken(login, new=False)


def _overtaken(login: str, *, new: bool) -> Problem:
    if new:
        return Problem("duplicate_id", "There is an account with this login already.", subject=login)
    return Problem(
        "stale_revision", "The account was changed at the same time. Look at it, then ask again.", subject=login
    )


def act_of(request: web.Request, command: str) -> Act:
    """What the audit keeps of who changes an account or a key by this request."""
    now = request.app[DEPS].clock.now_ms()
    return Act(by=principal_of(request).by, command=command, at_ms=now, correlation=request[CORRELATION])


SESSIONS: web.AppKey[Sessions] = web.AppKey("sessions", Sessions)
