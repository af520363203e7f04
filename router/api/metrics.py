"""What the API counts, and the page that Prometheus reads. Names: `firstline_`, base units, never ids in labels."""

import asyncio
from collections import Counter as Tally

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from router.api.deps import DEPS
from router.api.push import Pusher
from router.api.routes import Routes
from router.core.capacity import over_capacity
from router.core.events import ItemInterrupted, ItemWoken, ReservationAccepted, ReservationEnded
from router.core.state import State
from router.gateway import Applied

routes = Routes()

EVENTS_ACCEPTED = Counter("firstline_events_accepted_total", "Integrators' events made durable", ["source"])
EVENTS_REFUSED = Counter("firstline_events_refused_total", "Integrators' events refused", ["reason"])
RESERVATIONS = Counter("firstline_reservations_total", "Reservations by how they ended", ["result"])
INTERRUPTED = Counter(
    "firstline_items_interrupted_total", "Items parked for something that goes before them", ["channel"]
)
WOKEN = Counter(
    "firstline_items_woken_total", "Silent items whose customers wrote, and whether there was room", ["room"]
)
REQUESTS = Counter("firstline_requests_total", "HTTP requests by answer", ["method", "status"])
QUEUE_WAIT = Histogram(
    "firstline_queue_wait_seconds",
    "From entering a queue to the accept",
    ["queue", "channel"],
    buckets=(1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3600),
)
EPOCH = Gauge("firstline_writer_epoch", "Fencing token of the writer whose entries this node follows")

PUSHER: web.AppKey[Pusher] = web.AppKey("pusher", Pusher)


def observe(applied: Applied, state: State) -> None:
    """A follower's listener: counts what routing did."""
    EPOCH.set(applied.entry.epoch)
    for event in applied.entry.events:
        if isinstance(event, ReservationAccepted):
            RESERVATIONS.labels("accepted").inc()
            item = state.items.get(event.item)
            if item is not None:
                QUEUE_WAIT.labels(item.queue, item.channel).observe(max(event.at - item.entered_at, 0) / 1000)
        elif isinstance(event, ReservationEnded):
            RESERVATIONS.labels(event.outcome).inc()
        elif isinstance(event, ItemInterrupted) and event.item in state.items:
            INTERRUPTED.labels(state.items[event.item].channel).inc()
        elif isinstance(event, ItemWoken):
            WOKEN.labels("over" if event.over else "within").inc()


@routes.route("GET", "/metrics", action="metrics.read", answer=str, answer_media="text/plain")
async def get(request: web.Request) -> web.Response:
    """Figures for Prometheus: scrape with an API key as bearer token."""
    live = CollectorRegistry()
    _gauges(live, request.app[DEPS].gateway.state)
    if (pusher := request.app.get(PUSHER)) is not None:
        _socket_gauges(live, pusher)
    process = await asyncio.to_thread(generate_latest, REGISTRY)  # it reads /proc
    return web.Response(body=process + generate_latest(live), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _gauges(registry: CollectorRegistry, state: State) -> None:
    """What is true at this moment, counted from the state."""
    waiting = Gauge("firstline_items_waiting", "Items waiting", ["queue", "channel"], registry=registry)
    tally: Tally[tuple[str, str]] = Tally()
    for queue in state.queues:
        for found in state.lines.in_queue(queue):
            tally[queue, found.channel] += len(found.line)
    for (queue, channel), count in tally.items():
        waiting.labels(queue, channel).set(count)
    agents = Gauge("firstline_agent_state", "Agents by what they say of themselves", ["state"], registry=registry)
    for said, count in Tally(presence.state for presence in state.presences.values()).items():
        agents.labels(said).set(count)
    over = Gauge("firstline_agents_over_capacity", "Agents who hold more than they have room for", registry=registry)
    over.set(sum(over_capacity(state, state.agents[agent]) for agent in state.holds))
    items = Gauge("firstline_items", "Items in memory", ["state"], registry=registry)
    for step, count in Tally(item.state for item in state.items.values()).items():
        items.labels(step).set(count)


def _socket_gauges(registry: CollectorRegistry, pusher: Pusher) -> None:
    """The sockets of a node that is a gateway."""
    sockets = Gauge("firstline_agent_sockets", "Connected agents' sockets of this node", registry=registry)
    sockets.set(len(pusher.clients()))
    buffered = Gauge("firstline_socket_buffer_bytes", "Bytes that sockets have not taken", registry=registry)
    buffered.set(pusher.waiting_bytes())
