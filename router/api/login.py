"""Logging in and out. The only calls that take a password."""

from typing import Annotated

import msgspec
from aiohttp import web

from router.api import limits
from router.api.client_address import client_address
from router.api.deps import DEPS
from router.api.passwords import PASSWORDS, THROTTLE, check_password
from router.api.problems import Problem, ProblemPart
from router.api.routes import Routes, principal_of, respond
from router.api.sessions import SESSIONS, act_of
from router.api.tokens import TOKENS
from router.runtime.accounts import Account, Grant

routes = Routes()

Password = Annotated[str, msgspec.Meta(max_length=limits.PASSWORD_CHARS_MAX)]


class LoginBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who, and their password."""

    login: Annotated[str, msgspec.Meta(max_length=limits.ID_CHARS_MAX)]
    password: Password

    def __repr__(self) -> str:
        """Without the password: bodies may end up in tracebacks."""
        return f"LoginBody(login={self.login!r})"


class PasswordBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The password that is, and the one that shall be."""

    old: Password
    password: Password

    def __repr__(self) -> str:
        """Without either password."""
        return "PasswordBody()"


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is shown: no hash, no version."""

    login: str
    agent: str
    grants: tuple[Grant, ...]
    disabled: bool = False
    must_change: bool = False


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """An access token: send it as `Authorization: Bearer`, or in the `auth` of a socket. Refresh it in time.

    `must_change`: it was a first password, and nothing but POST /api/v1/password works until there is another.
    """

    access_token: str
    expires_at_ms: int
    must_change: bool
    account: AccountView


def account_view(account: Account) -> AccountView:
    """An account as it is shown."""
    return AccountView(
        login=account.login,
        agent=account.agent,
        grants=account.grants,
        disabled=account.disabled,
        must_change=account.must_change,
    )


@routes.route("POST", "/api/v1/login", action="public", body=LoginBody, answer=Session)
async def login(request: web.Request, body: LoginBody) -> web.Response:
    """Log in with a password. Too many wrong ones from one place have to wait (429)."""
    accounts, throttle = request.app[DEPS].accounts, request.app[THROTTLE]
    address = client_address(request)
    throttle.check(body.login, address)
    await accounts.catch_up()
    account = accounts.account(body.login)
    kept = await accounts.password_hash(body.login)
    right = await request.app[PASSWORDS].verify(kept, body.password)
    if not right or account is None or account.disabled:
        throttle.failed(body.login, address)
        raise Problem("login_failed", "Login or password is wrong, or the account is disabled.")
    throttle.succeeded(body.login, address)
    return _session(request, account)


@routes.route("POST", "/api/v1/token/refresh", action="session", answer=Session)
async def refresh(request: web.Request) -> web.Response:
    """A fresh token for a good one. A login can be refreshed for 12 hours; then log in again."""
    principal = principal_of(request)
    account = request.app[DEPS].accounts.account(principal.login)
    if account is None:
        raise Problem("unauthenticated", "Log in again.")
    return _session(request, account, principal.since_ms)


@routes.route("POST", "/api/v1/logout", action="session", status=200)
async def logout(request: web.Request) -> dict[str, str]:
    """End every session of your account, on all devices, sockets included."""
    await request.app[SESSIONS].change(principal_of(request).login, act=None)
    return {}


@routes.route("POST", "/api/v1/password", action="session", body=PasswordBody, answer=Session)
async def change_password(request: web.Request, body: PasswordBody) -> web.Response:
    """Change your password. Every other session of yours ends. After a first password this is all that you may do."""
    principal, accounts = principal_of(request), request.app[DEPS].accounts
    throttle, address = request.app[THROTTLE], client_address(request)
    throttle.check(principal.login, address)
    account = accounts.account(principal.login)
    if account is None:
        raise Problem("unauthenticated", "Log in again.")
    if not await request.app[PASSWORDS].verify(await accounts.password_hash(principal.login), body.old):
        throttle.failed(principal.login, address)
        raise Problem("login_failed", "The old password is wrong.")
    check_password(body.password, principal.login)
    if account.must_change and body.password == body.old:
        said = "This is the password that you were given. Choose another one."
        raise Problem("invalid", said, errors=(ProblemPart(pointer="/password", detail=said),))
    hashed = await request.app[PASSWORDS].hash(body.password)
    changed = msgspec.structs.replace(account, must_change=False)
    written = await request.app[SESSIONS].put(changed, hashed, seen=account, act=act_of(request, "ChangePassword"))
    return _session(request, written)


def _session(request: web.Request, account: Account, since_ms: int | None = None) -> web.Response:
    access = request.app[TOKENS].issue(account, since_ms)
    return respond(
        Session(
            access_token=access.token,
            expires_at_ms=access.expires_at_ms,
            must_change=account.must_change,
            account=account_view(account),
        )
    )
