"""Accounts of people and keys of integrators: who may log in, and as what.

An admin writes all of them. A supervisor writes accounts of agents of their own teams, and none that holds more.
"""

import re
from typing import Annotated

import msgspec
from aiohttp import web

from router.api import limits
from router.api.deps import DEPS
from router.api.login import AccountView, Password, account_view
from router.api.passwords import PASSWORDS, check_password
from router.api.problems import Problem, ProblemPart
from router.api.rights import Principal, forbidden
from router.api.routes import Routes, principal_of, respond
from router.api.sessions import SESSIONS
from router.api.tokens import key_hash, new_key
from router.core.state import State
from router.runtime.accounts import Account, ApiKey, Grant

routes = Routes()

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")


class AccountBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account: its roles, each for teams, and the agent it works as. No password keeps the one there is."""

    agent: str = ""
    grants: tuple[Grant, ...] = ()
    disabled: bool = False
    password: Password | None = None

    def __repr__(self) -> str:
        """Without the password."""
        return f"AccountBody(agent={self.agent!r})"


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts that the caller may see, by login."""

    rows: list[AccountView]


class KeyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name by which people recognise the integrator."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.ID_CHARS_MAX)]


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is shown."""

    id: str
    name: str
    disabled: bool


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new key with its secret, which is shown this once."""

    id: str
    name: str
    secret: str


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """All keys, by id."""

    rows: list[KeyView]


@routes.route("GET", "/api/v1/accounts", action="account.edit", answer=Accounts)
async def list_accounts(request: web.Request) -> Accounts:
    """The accounts that you may write."""
    deps, principal = request.app[DEPS], principal_of(request)
    state = deps.gateway.state
    found = [account for account in deps.accounts.accounts() if _may_write(principal, state, account)]
    return Accounts(rows=[account_view(account) for account in sorted(found, key=lambda one: one.login)])


@routes.route("GET", "/api/v1/accounts/{login}", action="account.edit", answer=AccountView)
async def get(request: web.Request) -> AccountView:
    """One account."""
    account = request.app[DEPS].accounts.account(request.match_info["login"])
    if account is None:
        raise Problem("not_found", "There is no account with this login.")
    _check(request, account)
    return account_view(account)


@routes.route("PUT", "/api/v1/accounts/{login}", action="account.edit", body=AccountBody, answer=AccountView)
async def put(request: web.Request, body: AccountBody) -> web.Response:
    """Make or change an account. Every session of it ends, sockets included."""
    login, accounts = request.match_info["login"], request.app[DEPS].accounts
    old = accounts.account(login)
    account = Account(login=login, agent=body.agent, grants=body.grants, disabled=body.disabled)
    for one in (account, old):
        if one is not None:
            _check(request, one)
    _check_fields(request, account, known=old is not None)
    hashed = None
    if body.password is not None:
        check_password(body.password, login)
        hashed = await request.app[PASSWORDS].hash(body.password)
    elif old is None:
        raise _wrong("/password", "A new account needs a password.")
    written = await request.app[SESSIONS].put(account, hashed)
    return respond(account_view(written), 200 if old is not None else 201)


@routes.route("GET", "/api/v1/keys", action="key.edit", answer=Keys)
async def list_keys(request: web.Request) -> Keys:
    """The keys of integrators, without their secrets."""
    keys = sorted(request.app[DEPS].accounts.keys(), key=lambda one: one.id)
    return Keys(rows=[KeyView(id=key.id, name=key.name, disabled=key.disabled) for key in keys])


@routes.route("POST", "/api/v1/keys", action="key.edit", body=KeyBody, answer=NewKey, status=201)
async def make_key(request: web.Request, body: KeyBody) -> NewKey:
    """Make a key for an integrator. Its secret is in this answer and nowhere else."""
    deps = request.app[DEPS]
    secret = new_key(deps.ids)
    key = ApiKey(id=deps.ids.new("key"), name=body.name, hash=key_hash(secret))
    await deps.accounts.put_key(key)
    return NewKey(id=key.id, name=key.name, secret=secret)


@routes.route("DELETE", "/api/v1/keys/{key}", action="key.edit", answer=KeyView)
async def disable_key(request: web.Request) -> KeyView:
    """Disable a key for good."""
    accounts, id = request.app[DEPS].accounts, request.match_info["key"]
    keys = {key.id: key for key in accounts.keys()}  # noqa: SIM118 - the port's method, not a mapping's
    key = keys.get(id)
    if key is None:
        raise Problem("not_found", "There is no key with this id.")
    await accounts.put_key(msgspec.structs.replace(key, disabled=True))
    return KeyView(id=key.id, name=key.name, disabled=True)


def _check(request: web.Request, account: Account) -> None:
    if not _may_write(principal_of(request), request.app[DEPS].gateway.state, account):
        raise forbidden("account.edit")


def _may_write(principal: Principal, state: State, account: Account) -> bool:
    """Admins all; supervisors those that are agents of their teams and nothing more."""
    if principal.is_admin():
        return True
    agent = state.agents.get(account.agent)
    return (
        agent is not None
        and principal.leads(agent.teams)
        and all(
            grant.role == "agent" and all(principal.leads((team,)) for team in grant.teams) for grant in account.grants
        )
    )


def _check_fields(request: web.Request, account: Account, *, known: bool) -> None:
    state = request.app[DEPS].gateway.state
    if not known and not _LOGIN.fullmatch(account.login):
        raise _wrong("/login", "A login has at most 64 characters: a-z, 0-9 and . _ @ + -.")
    if account.agent and account.agent not in state.agents:
        raise Problem("unknown_agent", "There is no agent with this id.", subject=account.agent)
    for index, grant in enumerate(account.grants):
        if grant.role != "admin" and not grant.teams:
            raise _wrong(f"/grants/{index}/teams", "Name the teams; only an admin may have none, which means all.")
        for team in grant.teams:
            if team not in state.teams:
                raise Problem("unknown_team", "There is no team with this id.", subject=team)


def _wrong(pointer: str, said: str) -> Problem:
    return Problem("invalid", said, errors=(ProblemPart(pointer=pointer, detail=said),))
