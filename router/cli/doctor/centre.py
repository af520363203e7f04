"""How a centre, its accounts and its mailboxes fit together: what would wait for nobody, or never come in. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from channels.email.addresses import door
from router.cli import limits
from router.cli.doctor.finding import Finding, Verdict
from router.core.state import State
from router.runtime.accounts import Account


def look(state: State, accounts: Sequence[Account], boxes: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Everything that does not fit; one good word when all does."""
    found = [*_accounts(state, accounts), *_queues(state), *_languages(state), *_doors(state, boxes)]
    if not found:
        what = f"{len(state.queues)} queues, {len(state.agents)} agents, {len(state.entry_points)} ways in: all fits"
        found.append(Finding(check="centre", verdict="good", what=what))
    yield from found


def _accounts(state: State, accounts: Sequence[Account]) -> Iterator[Finding]:
    open_ = [account for account in accounts if not account.disabled]
    if not any(grant.role == "admin" for account in open_ for grant in account.grants):
        mend = "firstline user add NAME --grant admin, with the server stopped"
        yield Finding(check="accounts", verdict="warning", what="nobody is admin", mend=mend)
    working = {account.agent for account in open_}
    idle = [id for id, agent in state.agents.items() if id not in working and not agent.disabled]
    yield from _each(
        "accounts", idle, "agents who cannot log in", "firstline user add NAME --agent AGENT --grant agent:TEAM"
    )
    lost = [account.login for account in open_ if account.agent and account.agent not in state.agents]
    mend = "Apply a centre with their agents, or firstline user disable"
    yield from _each("accounts", lost, "log-ins whose agent does not exist", mend)


def _queues(state: State) -> Iterator[Finding]:
    """Queues that no agent serves, or that somebody closed."""
    serving = {
        queue
        for agent in state.agents.values()
        if not agent.disabled
        for queue, membership in state.memberships(agent).items()
        if membership.enabled
    }
    mend = "Have a team or an agent serve them in centre.yaml"
    yield from _each("queues", state.queues.keys() - serving, "queues that nobody serves", mend)
    closed = [id for id, queue in state.queues.items() if queue.closed is not None]
    yield from _each("queues", closed, "queues closed by hand", "A supervisor opens them again when it is time")


def _languages(state: State) -> Iterator[Finding]:
    """Languages that customers may ask for, and nobody speaks where they come in."""
    doors = {entry.queue for entry in state.entry_points.values()} or state.queues.keys()
    first = [agent for agent in state.agents.values() if not agent.disabled and doors & state.memberships(agent).keys()]
    spoken = {skill for agent in first for skill, _ in agent.skills}
    silent = [id for id, skill in state.skills.items() if skill.kind == "language" and id not in spoken]
    mend = "Give the skill to somebody who serves a queue where contacts come in, or remove it: what asks for it waits"
    yield from _each("languages", silent, "languages that nobody speaks", mend)


def _doors(state: State, boxes: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Mailboxes and entry points of e-mail name each other by address."""
    addresses = {door(str(table.get("address", ""))): name for name, table in boxes.items()}
    doors = {door(entry.address): id for id, entry in state.entry_points.items() if entry.channel == "email"}
    unread = [name for address, name in addresses.items() if address not in doors]
    mend = "Their mail stays where it is: add entry points of channel email with their addresses to centre.yaml"
    yield from _each("entry_points", unread, "mailboxes whose address is no entry point", mend, verdict="bad")
    empty = [id for address, id in doors.items() if address not in addresses]
    mend = "Add mailboxes with their addresses to firstline.toml, unless a program sends their mail as events"
    yield from _each("entry_points", empty, "entry points that no mailbox reads", mend)
    if not state.entry_points:
        mend = "Add entry points to centre.yaml, and apply it"
        yield Finding(check="entry_points", verdict="warning", what="nothing can come in", mend=mend)


def _each(check: str, ids: Iterable[str], what: str, mend: str, *, verdict: Verdict = "warning") -> Iterator[Finding]:
    """One finding for all that are in the same case; none for none."""
    found = sorted(ids)
    if found:
        more = len(found) - limits.NAMED_MAX
        shown = ", ".join(found[: limits.NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
        yield Finding(check=check, verdict=verdict, what=f"{what}: {shown}", mend=mend)
