"""What the outside knows: every promise made to somebody, everything they were told, and everything they saw.

The auditor holds the log to it. It is written by people and by what stands outside of processes, never by the house.
"""

from collections import Counter
from typing import NamedTuple

from router.core.commands import Command
from router.gateway import Outcome, Receipt


class Wrong(NamedTuple):
    """Something that must not be: the rule that it breaks, and how."""

    rule: str
    text: str


class Kept(NamedTuple):
    """An entry at the moment it was committed, as the store's own witness saw it."""

    data: bytes
    digest: str
    at_s: float


class Ledger:
    """The outside's own record of a world."""

    def __init__(self) -> None:
        self.broken: list[Wrong] = []
        self.log: dict[int, Kept] = {}
        """Every entry that was ever committed, by its last position."""
        self.granted = 0
        """The highest epoch that anybody was given."""
        self.receipts: dict[str, int] = {}
        """What was acknowledged: key and place in the command stream."""
        self.commands: dict[str, Command] = {}
        """Acknowledged commands of people, by key."""
        self.told: dict[str, Outcome] = {}
        self.calls: dict[str, str] = {}
        """Calls that the phone system has told of (acknowledged), and whether they are `on` or `over`."""
        self.chats: dict[str, list[str]] = {}
        """Chat conversations: their acknowledged messages in the order in which they were acknowledged."""
        self.mails: dict[str, str] = {}
        """Mails that were put into the inbox, by Message-ID: who wrote them."""
        self.submitted: Counter[str] = Counter()
        """Mails that the mail server took from us, by delivery."""
        self.webhooks: Counter[tuple[str, str]] = Counter()
        """What integrators received: id and type."""
        self.shown: dict[int, dict[bytes, None]] = {}
        """What nodes showed as the entry that ends at a position."""
        self.sessions: set[str] = set()
        """Clients of agents whose connection is open."""
        self.calm_from_s = 0.0

    def wrong(self, rule: str, text: str) -> None:
        """Note what anybody saw that must not be."""
        self.broken.append(Wrong(rule, text))

    def acknowledged(self, receipt: Receipt, command: Command | None = None) -> None:
        """Somebody holds this receipt. Under one key there is one place."""
        known = self.receipts.setdefault(receipt.key, receipt.command or 0)
        if receipt.command and known and known != receipt.command:
            self.wrong("idempotent", f"{receipt.key} is command {known} and command {receipt.command}")
        if command is not None:
            self.commands[receipt.key] = command

    def was_told(self, key: str, outcome: Outcome) -> None:
        """Somebody was told how the command under this key ended. It is the same whenever they ask."""
        known = self.told.setdefault(key, outcome)
        if known != outcome:
            self.wrong("idempotent", f"{key} ended {known} and {outcome}")
