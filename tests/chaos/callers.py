"""The telephone system: CloudEvents until each is acknowledged, some of them several times, some in the wrong order.

An event is sent again under its own id after anything but a 2xx, to any node: that is what `channels.phone` asks of
an integrator. Only what was answered with 2xx was acknowledged.
"""

import asyncio

import aiohttp
import msgspec

from tests.chaos import centre, limits
from tests.chaos.journal import Taken
from tests.chaos.stage import Stage

SOURCE = "/round"


class Callers:
    """`repeated` and `disordered` count what was done on purpose."""

    def __init__(self, stage: Stage, *, repeats: bool, disorder: bool) -> None:
        self.repeated = 0
        self.disordered = 0
        self._stage = stage
        self._repeats = repeats
        self._disorder = disorder

    async def call(self) -> None:
        """One caller, from dialling to hanging up."""
        call = self._stage.mark("call")
        offer = {"to": centre.NUMBER, "from": f"+3220{self._stage.chance.randrange(10**6):06}"}
        if self._disorder and self._stage.chances(limits.SHARES["disordered"]):
            self.disordered += 1
            await self._tell("call.ended", call, reason="caller_hung_up")
            await self._tell("call.offered", call, **offer)
            return
        if await self._tell("call.offered", call, **offer):
            await self._stage.linger(limits.PATIENCE_S)
            await self._tell("call.ended", call, reason="caller_hung_up")

    async def _tell(self, kind: str, call: str, **data: str) -> bool:
        """Tell it until somebody took it; whether somebody did."""
        event: dict[str, object] = {
            "specversion": "1.0",
            "id": f"{call}-{kind.partition('.')[2]}",
            "source": SOURCE,
            "type": kind,
            "data": {"call": call, **data},
        }
        body = msgspec.json.encode(event)
        if self._repeats and self._stage.chances(limits.SHARES["repeated"]):
            self.repeated += 1
            copies = [self._insist(event, body) for _ in range(self._stage.chance.randint(2, limits.REPEATS_MAX))]
            return any(await asyncio.gather(*copies))
        return await self._insist(event, body)

    async def _insist(self, event: dict[str, object], body: bytes) -> bool:
        until = asyncio.get_running_loop().time() + limits.INSIST_S_MAX
        url = ""
        while asyncio.get_running_loop().time() < until:
            url = self._stage.url(but=url)
            status, answer = await self._post(url, body)
            if 200 <= status < 300:
                receipt = msgspec.json.decode(answer)["receipt"]
                call = str(event["id"]).rpartition("-")[0]
                self._stage.note(Taken(kind=str(event["type"]), call=call, event=str(event["id"]), receipt=receipt))
                self._stage.counts["events"] += 1
                return True
            if 400 <= status < 500 and status != 429:
                self._stage.counts[f"event refused {status}"] += 1
                return False
            self._stage.counts["event tried again"] += 1
            await self._stage.pause(limits.AGAIN_S)
        self._stage.counts["event given up"] += 1
        return False

    async def _post(self, url: str, body: bytes) -> tuple[int, bytes]:
        """The status, 0 when nobody answered, and the body."""
        headers = {"Authorization": f"Bearer {self._stage.key}", "Content-Type": "application/cloudevents+json"}
        try:
            async with (
                asyncio.timeout(limits.REQUEST_S_MAX),
                self._stage.session.post(f"{url}/api/v1/events", data=body, headers=headers) as answer,
            ):
                return answer.status, await answer.read()
        except (aiohttp.ClientError, OSError):
            return 0, b""
