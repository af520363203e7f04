"""The sample centre, with the clock of a play: a reservation lasts seconds, and the doors are open at any hour."""

from importlib.resources import files
from typing import Any

import msgspec
import yaml

from router.runtime.accounts import Account, Grant

RESERVATION = "3s"
WRAP_UP = "20s"
DECLINE_MEMORY = "4s"
ENDPOINT = "demo-pbx"


class DemoCentre:
    """The sample centre's document, changed for the demo."""

    def __init__(self) -> None:
        text = (files("router.centre") / "sample" / "centre.yaml").read_text("utf-8")
        self._document: dict[str, Any] = yaml.safe_load(text)
        del self._document["hours"]
        for queue in self._document["queues"].values():
            del queue["hours"]
            queue["reservation"] = RESERVATION
            queue["decline_memory"] = DECLINE_MEMORY
            queue["wrap_up"] = dict.fromkeys(queue["wrap_up"], WRAP_UP)

    def text(self, webhooks: str) -> str:
        """The centre file, whose webhooks go to this URL. JSON is YAML."""
        endpoint = {"url": webhooks, "secret": ENDPOINT}
        return msgspec.json.encode({**self._document, "endpoints": {ENDPOINT: endpoint}}).decode()

    def addresses(self, channel: str) -> list[str]:
        """Where customers of this channel turn to."""
        return [door["address"] for door in self._document["entry_points"].values() if door["channel"] == channel]

    @property
    def languages(self) -> list[str]:
        """The languages that customers speak, the frequent ones more often."""
        return ["fr", "fr", "fr", "nl", "nl", "nl", "en", "de"]

    def categories(self, agent: str) -> list[str]:
        """What this agent's contacts may be about: the categories that their team's specialists know."""
        theme = agent.split("-", maxsplit=1)[0]
        found = self._document["categories"].items()
        return [id for id, category in found if category.get("escalates_to", "").startswith(theme)]

    @property
    def agents(self) -> dict[str, bool]:
        """Who works in the play, and whether they are specialists. Leaders do not: they are for people to log in as."""
        found = self._document["agents"].items()
        return {
            id: any(team.endswith("specialists") for team in agent["teams"])
            for id, agent in found
            if not id.endswith("lead")
        }

    @property
    def queues(self) -> dict[str, str]:
        """The queues and their English names."""
        return {id: queue["names"]["en"] for id, queue in self._document["queues"].items()}

    @property
    def accounts(self) -> list[Account]:
        """A login for everybody; leaders supervise their team and its specialists too."""
        return [_account(id, tuple(agent["teams"])) for id, agent in self._document["agents"].items()]


def _account(id: str, teams: tuple[str, ...]) -> Account:
    grants = [Grant(role="agent", teams=teams)]
    if id.endswith("lead"):
        grants.append(Grant(role="supervisor", teams=(*teams, *(f"{team}-specialists" for team in teams))))
    return Account(login=id, agent=id, grants=tuple(grants))


def settings(*, secret: str, intake_port: int, mailbox_port: int, mailboxes: list[str]) -> str:
    """`firstline.toml` of the demo: mail comes in on loopback, and answers go to the customers' mailbox there."""
    lines = [
        "[smtp_intake]",
        "on = true",
        f"port = {intake_port}",
        "[webhooks]",
        'private_targets = ["127.0.0.0/8"]',
        "[webhooks.secrets]",
        f'{ENDPOINT} = "{secret}"',
    ]
    for number, address in enumerate(mailboxes):
        lines += [
            f"[mailboxes.demo-{number}]",
            f'address = "{address}"',
            f'smtp = {{host = "127.0.0.1", port = {mailbox_port}, tls = "none"}}',
        ]
    return "\n".join(lines) + "\n"
