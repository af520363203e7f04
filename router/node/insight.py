"""What intake asks to classify a contact: the calendar, customers' cards, a guess at the language of a text."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from channels.language import Languages
from queues.hours import Hours
from router.gateway import Clock, StoreError, Traits
from router.runtime.calendar import open_hours
from router.runtime.customers import Customers

log = structlog.stdlib.get_logger()

TRAITS_S_MAX: Final = 0.5  # a caller hears nothing meanwhile; history answers in a millisecond when it is well


class Knowledge:
    """Implements `router.gateway.Insight`. History that is away or slow costs a contact its tags, nothing else."""

    def __init__(self, clock: Clock, customers: Customers, languages: Languages) -> None:
        self._clock = clock
        self._customers = customers
        self._languages = languages

    async def open(self, hours: Sequence[Hours]) -> frozenset[str]:
        """See `Insight`."""
        return await open_hours(hours, self._clock.now_ms())

    async def traits(self, customer: str) -> Traits:
        """See `Insight`."""
        try:
            async with asyncio.timeout(TRAITS_S_MAX):
                return await self._customers.traits(customer)
        except (StoreError, TimeoutError) as error:
            log.warning("customer_not_known", reason=type(error).__name__)
            return Traits()

    async def language(self, text: str, among: Sequence[str]) -> str:
        """See `Insight`."""
        return await self._languages.language(text, among)
