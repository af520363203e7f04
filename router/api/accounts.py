"""Accounts of people and keys of integrators: who may log in, and as what.

An admin writes all of them. A supervisor writes accounts of agents of their own teams, and none that holds more.
"""

import re
from collections.abc import Iterable
from typing import Annotated

import msgspec
from aiohttp import web

from router.api import limits
from router.api.deps import DEPS
from router.api.first_password import first_password
from router.api.login import AccountView, Password, account_view
from router.api.passwords import PASSWORDS, check_password
from router.api.problems import Problem, ProblemPart
from router.api.rights import forbidden, may_write
from router.api.routes import Routes, principal_of, respond
from router.api.sessions import SESSIONS, act_of
from router.api.tokens import key_hash, new_key
from router.core.state import State
from router.runtime.accounts import Account, ApiKey, Grant

routes = Routes()

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")


class AccountBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account: its roles, each for teams, and the agent it works as. No password keeps the one there is.

    `must_change`: a password given here is good for choosing another one, and for nothing else.
    """

    agent: str = ""
    grants: tuple[Grant, ...] = ()
    disabled: bool = False
    password: Password | None = None
    must_change: bool = True

    def __repr__(self) -> str:
        """Without the password."""
        return f"AccountBody(agent={self.agent!r})"


class FirstPassword(msgspec.Struct, frozen=True, kw_only=True):
    """A login with a password that is shown this once, and must be changed before anything else."""

    login: str
    password: str


class NewAccount(AccountView, frozen=True, kw_only=True):
    """An account as it is shown, with the first password that was made for it, if one was: it is shown this once."""

    password: str = ""


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
    found = [one for one in deps.accounts.accounts() if may_write(principal, one, teams_of(state, one))]
    return Accounts(rows=[account_view(account) for account in sorted(found, key=lambda one: one.login)])


@routes.route("GET", "/api/v1/accounts/{login}", action="account.edit", answer=AccountView)
async def get(request: web.Request) -> AccountView:
    """One account."""
    account = _known(request)
    _check(request, account)
    return account_view(account)


@routes.route("PUT", "/api/v1/accounts/{login}", action="account.edit", body=AccountBody, answer=NewAccount)
async def put(request: web.Request, body: AccountBody) -> web.Response:
    """Make or change an account. Every session of it ends, sockets included.

    A new one without a password gets a first password, which is in this answer and nowhere else.
    """
    login = request.match_info["login"]
    old = request.app[DEPS].accounts.account(login)
    account = Account(login=login, agent=body.agent, grants=body.grants, disabled=body.disabled)
    for one in (account, old):
        if one is not None:
            _check(request, one)
    _check_fields(request, account, known=old is not None)
    if body.password is not None:
        check_password(body.password, login)
        account = msgspec.structs.replace(account, must_change=body.must_change)
        written = await _write(request, account, body.password, "PutAccount", seen=old)
    elif old is None:
        return respond(await make_account(request, account), 201)
    else:
        account = msgspec.structs.replace(account, must_change=old.must_change)
        written = await request.app[SESSIONS].put(account, seen=old, act=act_of(request, "PutAccount"))
    return respond(account_view(written), 200 if old is not None else 201)


@routes.route("POST", "/api/v1/accounts/{login}/reset", action="account.edit", answer=FirstPassword)
async def reset(request: web.Request) -> FirstPassword:
    """Give somebody who forgot theirs a password for once. Every session of the account ends."""
    account = _known(request)
    _check(request, account)
    password = first_password(request.app[DEPS].ids)
    changed = msgspec.structs.replace(account, must_change=True)
    await _write(request, changed, password, "ResetPassword", seen=account)
    return FirstPassword(login=account.login, password=password)


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
    await deps.accounts.put_key(key, act=act_of(request, "MakeKey"))
    return NewKey(id=key.id, name=key.name, secret=secret)


@routes.route("DELETE", "/api/v1/keys/{key}", action="key.edit", answer=KeyView)
async def disable_key(request: web.Request) -> KeyView:
    """Disable a key for good."""
    accounts, id = request.app[DEPS].accounts, request.match_info["key"]
    keys = {key.id: key for key in accounts.keys()}  # noqa: SIM118 - the port's method, not a mapping's
    key = keys.get(id)
    if key is None:
        raise Problem("not_found", "There is no key with this id.")
    await accounts.put_key(msgspec.structs.replace(key, disabled=True), act=act_of(request, "DisableKey"))
    return KeyView(id=key.id, name=key.name, disabled=True)


async def make_account(request: web.Request, account: Account) -> NewAccount:
    """Write a new account with a first password."""
    password = first_password(request.app[DEPS].ids)
    written = await _write(
        request, msgspec.structs.replace(account, must_change=True), password, "PutAccount", seen=None
    )
    return NewAccount(**msgspec.structs.asdict(account_view(written)), password=password)


def check_new_account(request: web.Request, account: Account, teams: Iterable[str]) -> None:
    """Raises Problem unless the caller may make this account of a new agent of these teams, and it can be made."""
    if request.app[DEPS].accounts.account(account.login) is not None:
        raise Problem("duplicate_id", "There is an account with this login already.", subject=account.login)
    _check_login(account.login)
    _check_grants(request, account)
    if not may_write(principal_of(request), account, teams):
        raise forbidden("account.edit")


def accounts_of(request: web.Request, agent: str) -> list[Account]:
    """The accounts that work as this agent. Raises Problem when one of them holds more than the caller may change."""
    found = [account for account in request.app[DEPS].accounts.accounts() if account.agent == agent]
    for account in found:
        _check(request, account)
    return found


async def _write(
    request: web.Request, account: Account, password: str, command: str, *, seen: Account | None
) -> Account:
    hashed = await request.app[PASSWORDS].hash(password)
    return await request.app[SESSIONS].put(account, hashed, seen=seen, act=act_of(request, command))


def _known(request: web.Request) -> Account:
    account = request.app[DEPS].accounts.account(request.match_info["login"])
    if account is None:
        raise Problem("not_found", "There is no account with this login.")
    return account


def _check(request: web.Request, account: Account) -> None:
    if not may_write(principal_of(request), account, teams_of(request.app[DEPS].gateway.state, account)):
        raise forbidden("account.edit")


def teams_of(state: State, account: Account) -> tuple[str, ...]:
    """The teams of the agent that an account works as."""
    agent = state.agents.get(account.agent)
    return agent.teams if agent is not None else ()


def _check_fields(request: web.Request, account: Account, *, known: bool) -> None:
    if not known:
        _check_login(account.login)
    if account.agent and account.agent not in request.app[DEPS].gateway.state.agents:
        raise Problem("unknown_agent", "There is no agent with this id.", subject=account.agent)
    _check_grants(request, account)


def _check_grants(request: web.Request, account: Account) -> None:
    teams = request.app[DEPS].gateway.state.teams
    for index, grant in enumerate(account.grants):
        if grant.role != "admin" and not grant.teams:
            raise _wrong(f"/grants/{index}/teams", "Name the teams; only an admin may have none, which means all.")
        for team in grant.teams:
            if team not in teams:
                raise Problem("unknown_team", "There is no team with this id.", subject=team)


def _check_login(login: str) -> None:
    if not _LOGIN.fullmatch(login):
        raise _wrong("/login", "A login has at most 64 characters: a-z, 0-9 and . _ @ + -.")


def _wrong(pointer: str, said: str) -> Problem:
    return Problem("invalid", said, errors=(ProblemPart(pointer=pointer, detail=said),))
