"""The contact centre of a round: two lines, eight agents, a number, a mailbox and a chat site."""

import msgspec

from router.runtime.accounts import Account, Grant

NUMBER = "+32 2 000 02 02"
MAILBOX = "help@centre.example"
SITE = "chat.centre.example"
DISPOSITION = "solved"
DECLINE = "busy"
ESCALATION = "legal"

ROOMS = {"phone": (1, 100), "chat": (3, 33), "email": (2, 40)}
"""Channel: at most so many at once, each with this weight."""
TOTAL = 100
"""What an agent holds in all."""

FIRST = [f"first-{number}" for number in range(6)]
SPECIALISTS = [f"specialist-{number}" for number in range(2)]
TEAMS = dict.fromkeys(FIRST, "front") | dict.fromkeys(SPECIALISTS, "experts")
"""Agent: their team."""


def accounts() -> list[Account]:
    """An admin, and a login for each agent."""
    agents = [Account(login=id, agent=id, grants=(Grant(role="agent", teams=(team,)),)) for id, team in TEAMS.items()]
    return [Account(login="root", grants=(Grant(role="admin"),)), *agents]


def text() -> str:
    """The centre as a file (JSON is YAML)."""
    return msgspec.json.encode(
        {
            "revision": 0,
            "skills": {"english": {"kind": "language"}},
            "queues": {"help": {**_queue(), "escalates_to": "law"}, "law": {**_queue(), "line": 2}},
            "teams": {"front": {"serves": {"help": 1}}, "experts": {"line": 2, "serves": {"law": 1}}},
            "agents": {id: _agent(number, id) for number, id in enumerate(TEAMS)},
            "codes": {
                kind: {code: {"en": code.title()}}
                for kind, code in (("disposition", DISPOSITION), ("decline", DECLINE), ("escalation", ESCALATION))
            },
            "entry_points": {
                channel: {"channel": channel, "address": address, "queue": "help", "language": "en"}
                for channel, address in (("phone", NUMBER), ("email", MAILBOX), ("chat", SITE))
            },
        }
    ).decode()


def _queue() -> dict[str, object]:
    return {"reservation": "5s", "wrap_up": dict.fromkeys(ROOMS, "3s"), "decline_memory": "3s"}


def _agent(number: int, id: str) -> dict[str, object]:
    rooms = {channel: {"maximum": maximum, "weight": weight} for channel, (maximum, weight) in ROOMS.items()}
    team, phone = TEAMS[id], str(100 + number)
    return {"teams": [team], "skills": {"english": 4}, "phone": phone, "rooms": rooms, "total": TOTAL}
