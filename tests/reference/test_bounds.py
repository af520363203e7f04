"""At the bounds: as many agents barred from one item as can be, and one more who is not."""

from queues.queue import Queue
from router.core import limits
from tests.peers.centre import Centre, agent

FOREVER_MS = 86_400_000


def test_an_item_that_as_many_refused_as_can_be_barred_goes_to_the_next_one() -> None:
    agents = [f"agent-{number:03}" for number in range(limits.EXCEPTIONS_MAX + 2)]
    centre = Centre(Queue(id="q", decline_memory_ms=FOREVER_MS), *(agent(id) for id in agents))
    centre.on(*agents)
    asked = [centre.offer("call")]
    while len(asked) <= limits.EXCEPTIONS_MAX:
        asked.append(centre.decline("call"))
    assert asked == agents[: limits.EXCEPTIONS_MAX + 1]
