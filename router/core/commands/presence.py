"""Commands about presence: clients that come and go, and what agents say."""

from router.core.commands.base import BaseCommand
from router.core.presence import PresenceState


class ConnectClient(BaseCommand, frozen=True):
    """A client of the agent proved at `gateway` that it is there."""

    agent: str
    client: str
    gateway: str


class LoseClient(BaseCommand, frozen=True):
    """A client of the agent went away."""

    agent: str
    client: str


class LoseGateway(BaseCommand, frozen=True):
    """A gateway died: all its clients are gone."""

    gateway: str


class SetPresence(BaseCommand, frozen=True):
    """What the agent says: available, not ready (with a reason code) or offline.

    `after`: not ready once they hold nothing any more; nothing new comes until then.
    """

    agent: str
    state: PresenceState
    reason: str = ""
    after: bool = False


class ForcePresence(BaseCommand, frozen=True):
    """A supervisor says it in the agent's place: a forced act, which the audit keeps."""

    agent: str
    state: PresenceState
    reason: str = ""


class SignOut(BaseCommand, frozen=True):
    """The agent goes home. `choices` says of each item that is theirs: `keep`, `return` to its queue, or the id of
    the colleague it is handed to."""

    agent: str
    choices: dict[str, str] = {}
