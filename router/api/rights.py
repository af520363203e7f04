"""Who may do what: the only place that decides it. Denied unless a line of `RIGHTS` allows it.

A person holds grants: a role for named teams (an admin's may name none: all). An integrator holds a key.
An action names the ways in which it may be allowed; an object-level check gives the teams and agents that the
object belongs to, and one way must fit them.
"""

import functools
from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

from router.api.problems import Problem
from router.runtime.accounts import Account, Grant

Way: TypeAlias = Literal["person", "self", "supervisor", "admin", "key"]
"""`person`: anybody who logged in. `self`: the agent that it is about. `supervisor`: of one of its teams.
`admin`: of all teams, or of one of its. `key`: an integrator."""

Action: TypeAlias = Literal[
    "public",
    "session",
    "centre.read",
    "centre.edit",
    "centre.export",
    "team.edit",
    "queue.edit",
    "board.read",
    "agent.read",
    "agent.edit",
    "agent.act",
    "colleague.read",
    "item.list",
    "item.read",
    "item.explain",
    "item.work",
    "item.note",
    "callback.ask",
    "item.supervise",
    "question.answer",
    "conversation.read",
    "customer.read",
    "customer.edit",
    "event.post",
    "receipt.read",
    "account.edit",
    "key.edit",
    "audit.read",
    "report.read",
    "metrics.read",
]

RIGHTS: dict[Action, frozenset[Way]] = {
    "session": frozenset({"person"}),
    "centre.read": frozenset({"person"}),
    "centre.edit": frozenset({"admin"}),
    "centre.export": frozenset({"admin"}),
    "team.edit": frozenset({"supervisor", "admin"}),
    "queue.edit": frozenset({"supervisor", "admin"}),
    "board.read": frozenset({"supervisor", "admin"}),
    "agent.read": frozenset({"self", "supervisor", "admin"}),
    "agent.edit": frozenset({"supervisor", "admin"}),
    "agent.act": frozenset({"self", "supervisor", "admin"}),
    "colleague.read": frozenset({"person"}),
    "item.list": frozenset({"self", "supervisor", "admin"}),
    "item.read": frozenset({"self", "supervisor", "admin", "key"}),
    "item.explain": frozenset({"self", "supervisor", "admin"}),
    "item.work": frozenset({"self", "supervisor", "admin"}),
    "item.note": frozenset({"self", "supervisor", "admin"}),
    "callback.ask": frozenset({"self", "supervisor", "admin", "key"}),
    "item.supervise": frozenset({"supervisor", "admin"}),
    "question.answer": frozenset({"self", "supervisor", "admin"}),
    "conversation.read": frozenset({"self", "supervisor", "admin"}),
    "customer.read": frozenset({"person"}),
    "customer.edit": frozenset({"person"}),
    "event.post": frozenset({"key", "admin"}),
    "receipt.read": frozenset({"person", "key"}),
    "account.edit": frozenset({"supervisor", "admin"}),
    "key.edit": frozenset({"admin"}),
    "audit.read": frozenset({"supervisor", "admin"}),
    "report.read": frozenset({"supervisor", "admin"}),
    "metrics.read": frozenset({"admin", "key"}),
}
"""Action -> the ways in which it is allowed. `public` is not here: it is asked of nobody."""

_OF_OBJECTS: frozenset[Way] = frozenset({"self", "supervisor"})


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls: a person (`login`, and the `agent` they work as) or an integrator (`key`, the key's id).

    `by` is what the log keeps. `version`, `expires_at_ms` and `since_ms` are those of a person's token. Who
    `must_change` their password may do nothing else.
    """

    by: str
    login: str = ""
    agent: str = ""
    grants: tuple[Grant, ...] = ()
    key: str = ""
    must_change: bool = False
    version: int = 0
    expires_at_ms: int = 0
    since_ms: int = 0

    def has(self, role: str) -> bool:
        """Whether they hold the role for any team."""
        return any(grant.role == role for grant in self.grants)

    def leads(self, teams: Iterable[str]) -> bool:
        """Whether they supervise or administer one of these teams."""
        named = set(teams)
        return any(_covers(grant, named) for grant in self.grants if grant.role != "agent")

    def led(self) -> frozenset[str] | None:
        """The teams that they supervise or administer; None for all."""
        if self.is_admin():
            return None
        return frozenset(team for grant in self.grants if grant.role != "agent" for team in grant.teams)

    def is_admin(self) -> bool:
        """Whether they administer everything."""
        return any(grant.role == "admin" and not grant.teams for grant in self.grants)


def check_password_changed(principal: Principal, action: Action = "public") -> None:
    """Raises Problem for somebody who came with a first password, until they have chosen one of their own."""
    if principal.must_change and action != "session":
        raise Problem(
            "password_change_required",
            "Choose a password of your own first: sign in on a page of this server, or POST /api/v1/password.",
        )


@functools.lru_cache(maxsize=4_096)
def may_ever(principal: Principal, action: Action) -> bool:
    """Whether there is any object on which they may do this: the check before a handler runs.

    What is about no object is decided here for good: an admin of some teams is then no admin. It follows from the
    principal alone, and every request asks it.
    """
    if _OF_OBJECTS.isdisjoint(RIGHTS[action]):
        return may(principal, action)
    return any(_ever(principal, way) for way in RIGHTS[action])


def may(principal: Principal, action: Action, teams: Iterable[str] = (), agents: Iterable[str] = ()) -> bool:
    """Whether they may do this to an object that belongs to these teams and agents."""
    named = set(teams)
    return any(_fits(principal, way, named, agents) for way in RIGHTS[action])


def require(principal: Principal, action: Action, teams: Iterable[str] = (), agents: Iterable[str] = ()) -> None:
    """Raises Problem `forbidden` unless they may do this to an object of these teams and agents."""
    if not may(principal, action, teams, agents):
        raise forbidden(action)


def may_write(principal: Principal, account: Account, teams: Iterable[str]) -> bool:
    """Whether they may write an account that works as an agent of these teams.

    Admins may write all; supervisors those that are agents of their teams and nothing more.
    """
    if principal.is_admin():
        return True
    return principal.leads(teams) and all(
        grant.role == "agent" and all(principal.leads((team,)) for team in grant.teams) for grant in account.grants
    )


def forbidden(action: Action) -> Problem:
    """What somebody is told who may not."""
    return Problem("forbidden", f"Your role does not allow {action} here. Ask a supervisor or an admin of the team.")


def _ever(principal: Principal, way: Way) -> bool:
    if way == "key":
        return bool(principal.key)
    if way == "person":
        return bool(principal.login) and bool(principal.grants)
    if way == "self":
        return bool(principal.agent) and principal.has("agent")
    return principal.has(way)


def _fits(principal: Principal, way: Way, teams: set[str], agents: Iterable[str]) -> bool:
    if way == "self":
        return principal.agent in agents and _ever(principal, way)
    if way in ("supervisor", "admin"):
        return any(grant.role == way and _covers(grant, teams) for grant in principal.grants)
    return _ever(principal, way)


def _covers(grant: Grant, teams: set[str]) -> bool:
    """A grant of a role for teams. One that names none covers everything, and only an admin's may."""
    if not grant.teams:
        return grant.role == "admin"
    return not teams.isdisjoint(grant.teams)
