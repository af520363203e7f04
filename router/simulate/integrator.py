"""What integrators see of a house: the webhooks that reach them."""

from channels.webhook.attempt import Answer, webhook_id
from queues.endpoint import Endpoint
from router.gateway import OutboxEntry
from router.simulate import limits
from router.simulate.border import Border
from router.simulate.house import House
from router.simulate.loop import Process
from router.simulate.mail_server import as_deed

ENDPOINT = "crm"


class NotHeard(Exception):
    """The receiver did not answer."""


class Receiver:
    """The way of one process to the integrator's endpoint."""

    def __init__(self, house: House, process: Process) -> None:
        self._house = house
        self._border = Border(house, process, NotHeard, lambda: house.is_away("integrator"))

    async def post(self, endpoint: Endpoint, entry: OutboxEntry) -> Answer:
        """One attempt; without an answer nobody knows whether it arrived."""
        try:
            await self._border.cross("post", as_deed(lambda: self._hear(entry)))
        except NotHeard:
            return Answer(error="timeout")
        if self._house.happens(limits.WEBHOOK_FAILED_SHARE, "webhook_503"):
            return Answer(status=503)
        return Answer(status=200)

    async def gone(self, endpoint: Endpoint) -> None:
        """Nobody in this world wants no more."""

    def _hear(self, entry: OutboxEntry) -> None:
        self._house.ledger.webhooks[webhook_id(entry), entry.body["type"]] += 1
