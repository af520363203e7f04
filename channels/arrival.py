"""One thing that arrived from outside, on its way to becoming a command."""

import dataclasses

import msgspec

from channels.classified import Came, Classified, classified
from channels.insight import BLIND
from channels.keyed import keyed
from router.core.commands import Command
from router.core.state import State
from router.gateway import Gateway, History, Insight


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A command that can be submitted, with the contents it names.

    `known` is the pointer to what history has already seen: then only a retry of the same event may go on.
    """

    command: Command
    contents: dict[str, bytes] = {}
    known: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Arrival:
    """What a channel needs to make a command of something that arrived: where to look things up, whom it is from
    (`by`: the integrator's key, empty for our own customers' browsers) and what recognises it when it comes twice."""

    gateway: Gateway
    history: History
    secret: bytes
    by: str
    key: str
    insight: Insight = BLIND

    @property
    def state(self) -> State:
        """The state as this node follows it: between two awaits."""
        return self.gateway.state

    async def classified(self, came: Came) -> Classified:
        """What the rules of the centre say of what came."""
        return await classified(lambda: self.gateway.state, came, self.insight)

    def id(self, prefix: str, *parts: str) -> str:
        """An id that the same parts always give."""
        return f"{prefix}_{keyed(self.secret, prefix, *parts)}"
