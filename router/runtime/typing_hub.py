"""Who is typing, told from one side of a conversation to the other within this node. Nothing of it is kept."""

from router.core.conversation import Side
from router.gateway import TypingListener


class TypingHub:
    """The `Typing` port of one node: what comes in goes to every listener, at once and in order."""

    def __init__(self) -> None:
        self._listeners: list[TypingListener] = []

    async def typing(self, conversation: str, side: Side, on: bool) -> None:
        """Tell everybody who listens."""
        for listener in self._listeners:
            listener(conversation, side, on)

    def subscribe(self, listener: TypingListener) -> None:
        """Call `listener` from now on."""
        self._listeners.append(listener)
