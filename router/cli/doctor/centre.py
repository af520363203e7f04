"""How a centre, its accounts and its mailboxes fit together: what would wait for nobody, or never come in. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from channels.email.addresses import door
from router.cli.doctor.finding import Finding
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
    working = {account.agent for account in open_ if account.agent}
    for id, agent in sorted(state.agents.items()):
        if id not in working and not agent.disabled:
            mend = f"firstline user add NAME --agent {id} --grant agent:TEAM"
            yield Finding(check="accounts", verdict="warning", what=f"agent {id} cannot log in", mend=mend)
    for account in open_:
        if account.agent and account.agent not in state.agents:
            what = f"{account.login} works as {account.agent}, which is no agent"
            mend = "Apply a centre with that agent, or disable the account"
            yield Finding(check="accounts", verdict="warning", what=what, mend=mend)


def _queues(state: State) -> Iterator[Finding]:
    """Queues that no agent serves."""
    serving = {
        queue
        for agent in state.agents.values()
        if not agent.disabled
        for queue, membership in state.memberships(agent).items()
        if membership.enabled
    }
    for id in sorted(state.queues.keys() - serving):
        mend = "Have a team or an agent serve it in centre.yaml"
        yield Finding(check="queues", verdict="warning", what=f"nobody serves the queue {id}", mend=mend)
    for id, queue in sorted(state.queues.items()):
        if queue.closed is not None:
            what = f"the queue {id} was closed by hand"
            mend = "A supervisor opens it again, when it is time"
            yield Finding(check="queues", verdict="warning", what=what, mend=mend)


def _languages(state: State) -> Iterator[Finding]:
    """Languages that customers may ask for and nobody speaks."""
    spoken = {skill for agent in state.agents.values() if not agent.disabled for skill, _ in agent.skills}
    for id, skill in sorted(state.skills.items()):
        if skill.kind == "language" and id not in spoken:
            mend = "Give the skill to somebody, or remove it: what asks for it waits"
            yield Finding(check="languages", verdict="warning", what=f"nobody speaks {id}", mend=mend)


def _doors(state: State, boxes: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Mailboxes and entry points of e-mail name each other by address."""
    addresses = {door(str(table.get("address", ""))): name for name, table in boxes.items()}
    doors = {door(entry.address): id for id, entry in state.entry_points.items() if entry.channel == "email"}
    for address in sorted(addresses.keys() - doors.keys()):
        what = f"mail of the mailbox {addresses[address]} stays where it is: its address is no entry point"
        mend = "Add an entry point of channel email with its address to centre.yaml, and apply it"
        yield Finding(check="entry_points", verdict="bad", what=what, mend=mend)
    for address in sorted(doors.keys() - addresses.keys()):
        what = f"no mailbox reads the entry point {doors[address]}"
        mend = "Add a mailbox with its address to firstline.toml, unless another program sends its mail as events"
        yield Finding(check="entry_points", verdict="warning", what=what, mend=mend)
    if not state.entry_points:
        mend = "Add entry points to centre.yaml, and apply it"
        yield Finding(check="entry_points", verdict="warning", what="nothing can come in", mend=mend)
