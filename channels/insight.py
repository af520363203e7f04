"""What intake knows of a contact beside state and history, where nobody says more: nothing."""

from collections.abc import Sequence

from queues.hours import Hours
from router.gateway import Traits


class Blind:
    """Implements `router.gateway.Insight`: no hours are open, no customer has a card, no text shows its language."""

    async def open(self, hours: Sequence[Hours]) -> frozenset[str]:
        """See `Insight`."""
        return frozenset()

    async def traits(self, customer: str) -> Traits:
        """See `Insight`."""
        return Traits()

    async def language(self, text: str, among: Sequence[str]) -> str:
        """See `Insight`."""
        return ""


BLIND = Blind()
