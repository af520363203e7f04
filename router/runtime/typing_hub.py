"""Who is typing, told from one side of a conversation to the other, on whichever nodes they are. Nothing is kept."""

import msgspec

from router.core.conversation import Side
from router.gateway import TypingListener
from router.runtime.peers import NoPeers, Peers

_TOPIC = "typing"


class _Said(msgspec.Struct, frozen=True, array_like=True):
    """What nodes tell each other: never any text."""

    conversation: str
    side: Side
    on: bool


class TypingHub:
    """The `Typing` port of one node: what comes in goes to every listener, at once and in order, and to `peers`."""

    def __init__(self, peers: Peers | None = None) -> None:
        self._listeners: list[TypingListener] = []
        self._peers = peers or NoPeers()
        self._peers.hear(_TOPIC, self._heard)

    async def typing(self, conversation: str, side: Side, on: bool) -> None:
        """Tell everybody who listens."""
        self._pass_on(conversation, side, on)
        self._peers.tell(_TOPIC, msgspec.msgpack.encode(_Said(conversation, side, on)))

    def subscribe(self, listener: TypingListener) -> None:
        """Call `listener` from now on."""
        self._listeners.append(listener)

    def _heard(self, said: bytes) -> None:
        told = msgspec.msgpack.decode(said, type=_Said)
        self._pass_on(told.conversation, told.side, told.on)

    def _pass_on(self, conversation: str, side: Side, on: bool) -> None:
        for listener in self._listeners:
            listener(conversation, side, on)
