"""Keys: by what a conversation is found besides its id. Made from the records, and kept up with them."""

from router.core.conversation import Conversation


class Keys:
    """Thread keys (what a message answers), references (what people quote) and natural keys (the same message again),
    each with the id of the conversation it leads to."""

    def __init__(self) -> None:
        self.threads: dict[str, str] = {}
        self.references: dict[str, str] = {}
        self.naturals: dict[str, str] = {}
        self._shared: dict[str, dict[str, None]] = {}

    def add(self, conversation: Conversation) -> None:
        """The conversation is found by its keys from here on."""
        if conversation.reference:
            self.references[conversation.reference] = conversation.id
        for key in conversation.thread_keys:
            if self.threads.setdefault(key, conversation.id) != conversation.id:
                self._share(key, conversation.id)
        for key in conversation.natural_keys:
            self.naturals[key] = conversation.id

    def remove(self, conversation: Conversation) -> None:
        """The conversation is not found by its keys any more."""
        for key in conversation.thread_keys:
            if key in self._shared:
                self._unshare(key, conversation.id)
            elif self.threads.get(key) == conversation.id:
                del self.threads[key]
        for key in conversation.natural_keys:
            if self.naturals.get(key) == conversation.id:
                del self.naturals[key]
        if self.references.get(conversation.reference) == conversation.id:
            del self.references[conversation.reference]

    def _share(self, key: str, conversation: str) -> None:
        """Another conversation has this thread key too (a mail that answers two of them): it leads to the same one of
        them in every state of these records, however that came about."""
        shared = self._shared.setdefault(key, {self.threads[key]: None})
        shared[conversation] = None
        self.threads[key] = min(shared)

    def _unshare(self, key: str, conversation: str) -> None:
        shared = self._shared[key]
        shared.pop(conversation, None)
        self.threads[key] = min(shared)
        if len(shared) == 1:
            del self._shared[key]
