"""Accounts and keys as `user` and `key` see them: behind a server's API, or in the data folder here."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

import msgspec

from router.api.first_password import first_password
from router.api.passwords import Passwords, check_password
from router.api.problems import Problem
from router.api.tokens import key_hash, new_key
from router.cli.client import Server, connected
from router.cli.outcome import CommandError, Exit
from router.cli.running import Place, here, run
from router.core.state import State
from router.runtime.accounts import Account, AccountOvertaken, Accounts, ApiKey, Grant
from router.runtime.acts import Act
from router.runtime.system import SystemClock, SystemIds

T = TypeVar("T")


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is shown."""

    login: str
    agent: str = ""
    grants: tuple[Grant, ...] = ()
    disabled: bool = False
    must_change: bool = False


class Key(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A key as it is shown; `secret` only when it is new."""

    id: str
    name: str
    disabled: bool = False
    secret: str = ""


class People(Protocol):
    """Who may do what. Each method raises CommandError."""

    async def persons(self) -> Sequence[Person]: ...

    async def put(self, person: Person, password: str | None) -> str:
        """Make or change an account. A new one without a password gets a first password, which is returned."""
        ...

    async def reset(self, login: str) -> str:
        """Give an account a first password again, and return it."""
        ...

    async def keys(self) -> Sequence[Key]: ...

    async def add_key(self, name: str) -> Key: ...

    async def disable_key(self, id: str) -> Key: ...


@asynccontextmanager
async def people_at(place: Place) -> AsyncIterator[People]:
    """The accounts of the server at `place`; with none named and none running, those of the data folder here."""
    async with here(place) as node:
        if node is not None:
            yield LocalPeople(node.accounts, node.gateway.state)
            return
        async with connected(place.url, place.login) as server:
            yield _Remote(server)


def with_people(place: Place, do: Callable[[People], Awaitable[T]]) -> T:
    """Do something with the accounts of `people_at`, and return what it returns. Raises CommandError."""

    async def main() -> T:
        async with people_at(place) as people:
            return await do(people)

    return run(main())


class _Remote:
    def __init__(self, server: Server) -> None:
        self._server = server

    async def persons(self) -> Sequence[Person]:
        return msgspec.convert(await self._rows("/api/v1/accounts"), list[Person])

    async def put(self, person: Person, password: str | None) -> str:
        body: dict[str, Any] = msgspec.to_builtins(person)
        login = body.pop("login")
        if password is not None:
            body["password"] = password
        answer = await self._server.request("PUT", f"/api/v1/accounts/{login}", json=body)
        return str(answer.body.get("password", ""))

    async def reset(self, login: str) -> str:
        return str((await self._server.request("POST", f"/api/v1/accounts/{login}/reset")).body["password"])

    async def keys(self) -> Sequence[Key]:
        return msgspec.convert(await self._rows("/api/v1/keys"), list[Key])

    async def add_key(self, name: str) -> Key:
        return msgspec.convert((await self._server.request("POST", "/api/v1/keys", json={"name": name})).body, Key)

    async def disable_key(self, id: str) -> Key:
        return msgspec.convert((await self._server.request("DELETE", f"/api/v1/keys/{id}")).body, Key)

    async def _rows(self, path: str) -> Any:
        return (await self._server.request("GET", path)).body["rows"]


class LocalPeople:
    """The accounts of a node here."""

    def __init__(self, accounts: Accounts, state: State) -> None:
        self._accounts = accounts
        self._state = state

    async def persons(self) -> Sequence[Person]:
        return [
            Person(
                login=one.login,
                agent=one.agent,
                grants=one.grants,
                disabled=one.disabled,
                must_change=one.must_change,
            )
            for one in self._accounts.accounts()
        ]

    async def put(self, person: Person, password: str | None) -> str:
        self._check(person, password)
        made = ""
        if password is None and self._accounts.account(person.login) is None:
            password = made = first_password(SystemIds())
            person = msgspec.structs.replace(person, must_change=True)
        await self._write(person, password, "PutAccount")
        return made

    async def reset(self, login: str) -> str:
        person = next((one for one in await self.persons() if one.login == login), None)
        if person is None:
            raise CommandError(Exit.REFUSED, f"There is no account {login}. 'firstline user list' shows them.")
        made = first_password(SystemIds())
        await self._write(msgspec.structs.replace(person, must_change=True), made, "ResetPassword")
        return made

    async def _write(self, person: Person, password: str | None, command: str) -> None:
        old = self._accounts.account(person.login)
        account = Account(**msgspec.structs.asdict(person), version=old.version if old is not None else 0)
        hashed = await Passwords().hash(password) if password is not None else None
        try:
            await self._accounts.put_account(account, hashed, act=_act(command))
        except AccountOvertaken as error:
            said = f"The account {person.login} was changed at the same time. Look at it, then try again."
            raise CommandError(Exit.REFUSED, said) from error

    async def keys(self) -> Sequence[Key]:
        return [Key(id=key.id, name=key.name, disabled=key.disabled) for key in self._keys()]

    async def add_key(self, name: str) -> Key:
        ids = SystemIds()
        secret = new_key(ids)
        key = ApiKey(id=ids.new("key"), name=name, hash=key_hash(secret))
        await self._accounts.put_key(key, act=_act("MakeKey"))
        return Key(id=key.id, name=name, secret=secret)

    async def disable_key(self, id: str) -> Key:
        key = next((key for key in self._keys() if key.id == id), None)
        if key is None:
            raise CommandError(Exit.REFUSED, f"There is no key {id}. 'firstline key list' shows them.")
        await self._accounts.put_key(msgspec.structs.replace(key, disabled=True), act=_act("DisableKey"))
        return Key(id=key.id, name=key.name, disabled=True)

    def _keys(self) -> Sequence[ApiKey]:
        return self._accounts.keys()

    def _check(self, person: Person, password: str | None) -> None:
        """The same rules as the API has."""
        if password is not None:
            try:
                check_password(password, person.login)
            except Problem as problem:
                raise CommandError(Exit.REFUSED, problem.detail) from problem
        if person.agent and person.agent not in self._state.agents:
            raise CommandError(Exit.REFUSED, f"There is no agent {person.agent}. Apply the centre first.")
        for grant in person.grants:
            for team in grant.teams:
                if team not in self._state.teams:
                    raise CommandError(Exit.REFUSED, f"There is no team {team}. Apply the centre first.")


def _act(command: str) -> Act:
    """What the audit keeps of a change made here, without a server: that it came from this machine's console."""
    return Act(by="console", command=command, at_ms=SystemClock().now_ms())
