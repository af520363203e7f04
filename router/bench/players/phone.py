"""The phone system of the play, and its callers: CloudEvents to the server, signed webhooks back.

It does what `channels.phone` tells an integrator to do: it rings the phone it is told, connects who picks up, stops
ringing when the reservation ended, and tells what happened. It never asks the server for anything.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from router.bench import limits
from router.bench.journal import Promised, Sent
from router.bench.players.people import way
from router.bench.players.stage import Stage

HOST = "127.0.0.1"
EVENTS = ("item.reserved", "item.accepted", "reservation.ended", "item.escalated", "item.closed")


class Pbx:
    """The phone system. `numbers` are those that callers dial."""

    def __init__(self, stage: Stage, seed: int, secret: str, numbers: Sequence[str]) -> None:
        self._stage = stage
        self._seed = seed
        self._webhook = Webhook(secret)
        self._numbers = numbers
        self._calls: dict[str, _Call] = {}
        self._runner: web.AppRunner | None = None

    async def listen(self) -> str:
        """Start to hear webhooks; the URL to send them to."""
        app = web.Application()
        app.router.add_post("/webhooks", self._heard)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        return f"http://{HOST}:{self._runner.addresses[0][1]}/webhooks"

    async def stop(self) -> None:
        """Hear no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _heard(self, request: web.Request) -> web.Response:
        try:
            event = self._webhook.verify(await request.text(), dict(request.headers))
        except WebhookVerificationError:
            return web.Response(status=401)
        call = self._calls.get(event["data"].get("call", ""))
        if call is not None:
            call.heard.put_nowait((event["type"], event["data"]))
        return web.Response(status=204)

    async def call(self) -> None:
        """One caller, from dialling to hanging up."""
        call = _Call(self, self._stage.mark("call"))
        self._calls[call.id] = call
        try:
            self._stage.note(Sent(channel="phone", mark=call.id))
            await self.post("call.offered", call.id, to=self._stage.chance.choice(self._numbers), **_caller(call.id))
            self._stage.count("phone", "in")
            await call.run(self._stage)
        finally:
            call.stop_ringing()
            del self._calls[call.id]

    async def post(self, kind: str, call: str, **data: Any) -> None:
        """Tell the server something about a call. Raises aiohttp.ClientError; a refusal is counted."""
        event = {
            "specversion": "1.0",
            "id": self._stage.mark("event"),
            "source": "demo-pbx",
            "type": kind,
            "data": {"call": call, **data},
        }
        headers = {"Authorization": f"Bearer {self._stage.key}", "Content-Type": "application/cloudevents+json"}
        url = f"{self._stage.url}/api/v1/events"
        async with self._stage.session.post(url, data=msgspec.json.encode(event), headers=headers) as answer:
            body = await answer.read()
            if answer.ok:
                receipt = msgspec.json.decode(body).get("receipt", "")
                self._stage.note(Promised(channel="phone", mark=call, receipt=receipt))
            else:
                self._stage.refused("phone", kind, answer.status, body)

    def ring(self, call: str, data: dict[str, Any]) -> asyncio.Task[None]:
        """Ring the agent's phone until it is picked up, or the task is cancelled."""
        return asyncio.create_task(self._ring(call, data))

    async def _ring(self, call: str, data: dict[str, Any]) -> None:
        taken = way(self._seed, data["reservation"], "phone")
        await self._stage.pause(*limits.RING_S)
        if taken == "unreachable":
            await self.post("call.connect_failed", call, agent=data["agent"], reason="busy")
        elif taken == "phone":
            await self.post("call.answered", call, agent=data["agent"])


def _caller(call: str) -> dict[str, str]:
    """A number that cannot exist (no Belgian number has a 0 after its area code), the same for the same call."""
    return {"from": f"+3220{sum(call.encode()) % 100:02}{len(call):02}{hash_of(call):02}"}


def hash_of(text: str) -> int:
    """Two digits from a text, the same in every process."""
    return int.from_bytes(text.encode(), "big") % 97


class _Call:
    """One call: what was heard of it, and the phone that rings."""

    def __init__(self, pbx: Pbx, id: str) -> None:
        self.id = id
        self.heard: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self._pbx = pbx
        self._ringing: asyncio.Task[None] | None = None
        self._until = 0.0
        self._talking = False

    async def run(self, stage: Stage) -> None:
        """Wait, talk, hang up: whichever comes first."""
        impatient = stage.chance.random() < limits.SHARES["impatient"]
        self._give(stage, limits.IMPATIENCE_S if impatient else limits.PATIENCE_S)
        while True:
            try:
                async with asyncio.timeout_at(self._until):
                    kind, data = await self.heard.get()
            except TimeoutError:
                if not self._talking:
                    stage.count("phone", "hung up")
                await self._pbx.post("call.ended", self.id, reason="caller_hung_up")
                return
            if kind == "item.closed":
                return
            await self._hear(stage, kind, data)

    async def _hear(self, stage: Stage, kind: str, data: dict[str, Any]) -> None:
        if kind == "item.reserved":
            self.stop_ringing()
            self._ringing = self._pbx.ring(self.id, data)
        elif kind == "reservation.ended":
            self.stop_ringing()
        elif kind == "item.accepted" and not self._talking:
            if data.get("by") != "phone":
                self.stop_ringing()
                await self._pbx.post("call.answered", self.id, agent=data["agent"])
            self._talking = True
            self._give(stage, limits.TALK_S)
        elif kind == "item.escalated":
            self._talking = False
            self._give(stage, limits.PATIENCE_ESCALATED_S)

    def _give(self, stage: Stage, span_s: tuple[float, float]) -> None:
        self._until = asyncio.get_running_loop().time() + stage.chance.uniform(*span_s)

    def stop_ringing(self) -> None:
        """The phone rings no more. One that was picked up already has told so."""
        if self._ringing is not None and not self._ringing.done():
            self._ringing.cancel()
        self._ringing = None
