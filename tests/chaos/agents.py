"""The agents: they accept, answer, escalate and complete what is pushed to them, and write down every acknowledgement
and every screen they were shown. One that gets no answer connects to another node and goes on with what it is shown.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.chaos import centre, limits
from tests.chaos.journal import Acted, Shown
from tests.chaos.stage import Stage
from tests.chaos.wire import Lost, Wire

NAMESPACE = "/agent"
AGAIN = ("store_unavailable", "house_full", "internal")  # refusals that say nothing about the action


class Agent:
    """One agent at work, an item at a time."""

    def __init__(self, stage: Stage, login: str, token: Callable[[], str]) -> None:
        self.login = login
        self.items: dict[str, dict[str, Any]] = {}
        self._stage = stage
        self._token = token
        self._url = ""
        self._wire: Wire | None = None
        self._changed = asyncio.Event()
        self._available = False
        self._keys: dict[tuple[str, ...], str] = {}
        self._ended: set[tuple[str, ...]] = set()
        self._answered: dict[str, int] = {}

    # -- what the server shows ------------------------------------------------------------------------------

    def _on_event(self, name: str, body: Any) -> None:
        if name == "view":
            self.items = dict(body["view"]["items"])
            self._me(body["view"]["agent"])
        elif name == "change":
            for item in body["drop"]:
                self.items.pop(item, None)
            self.items |= body["set"].get("items", {})
            self._me(body["set"].get("agent"))
        else:
            return
        states = {id: view["state"] for id, view in self.items.items()}
        self._stage.note(Shown(agent=self.login, position=body["position"], items=states))
        self._changed.set()

    def _me(self, me: dict[str, Any] | None) -> None:
        if me is not None:
            self._available = me["state"] == "available"

    # -- working --------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                try:
                    await self._session()
                except Lost:
                    self._stage.counts["agent connected again"] += 1
                await self.close()
                await self._stage.pause(limits.RECONNECT_S)
        finally:
            await self.close()

    async def _session(self) -> None:
        """One connection, until it is lost. Raises Lost."""
        self._url = self._stage.url(but=self._url)
        auth = {"token": self._token()}
        wire = self._wire = await Wire.connect(self._stage.session, self._url, NAMESPACE, auth, self._on_event)
        while wire.up:
            self._changed.clear()
            if not self._available:
                await wire.call("presence", {"state": "available"})
            for view in list(self.items.values()):
                if (now := self.items.get(view["id"])) is not None:
                    await self._stage.pause(limits.THINK_S)
                    await self._work(wire, now)
            try:
                async with asyncio.timeout(limits.BACK_S):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _work(self, wire: Wire, view: dict[str, Any]) -> None:
        """The next thing to do about an item, if there is one. Raises Lost."""
        state, item = view["state"], view["id"]
        if state == "reserved":
            reservation = view["reservation"]["id"]
            if self._way(item, reservation) < limits.SHARES["decline"]:
                await self._act(wire, "decline", view, reservation=reservation, reason=centre.DECLINE)
            else:
                await self._act(wire, "accept", view, reservation=reservation)
        elif state == "wrapping":
            await self._complete(wire, view)
        elif state == "active":
            await self._handle(wire, view)

    async def _handle(self, wire: Wire, view: dict[str, Any]) -> None:
        item = view["id"]
        first = centre.TEAMS[self.login] == "front"
        if first and not view["escalations"] and self._way(item, "escalate") < limits.SHARES["escalate"]:
            await self._act(wire, "escalate", view, reason=centre.ESCALATION, note="Needs somebody who knows the file.")
        elif view["channel"] == "phone":
            await self._complete(wire, view)
        elif self._answered.get(item, 0) < view["messages"]:
            mark = self._keyed("mark", item, str(view["messages"]), "reply")
            if await self._act(wire, "reply", view, mark=mark, text=f"I am looking into it. [{mark}]"):
                self._answered[item] = view["messages"] + 1
        elif view["channel"] == "email":
            await self._complete(wire, view)

    async def _complete(self, wire: Wire, view: dict[str, Any]) -> None:
        await self._act(wire, "complete", view, disposition=centre.DISPOSITION)

    def _way(self, *what: str) -> float:
        """Which way this goes: drawn once, so that a second try goes the same way."""
        return float(self._keyed("way", *what))

    def _keyed(self, *what: str) -> str:
        if what not in self._keys:
            fresh = self._stage.mark(what[-1]) if what[0] == "mark" else str(self._stage.chance.random())
            self._keys[what] = fresh
        return self._keys[what]

    async def _act(
        self, wire: Wire, action: str, view: dict[str, Any], *, mark: str = "", reservation: str = "", **body: str
    ) -> bool:
        """Do something with an item, under a key that stays the same until it is known how it ended; whether it was
        done. Raises Lost."""
        item = view["id"]
        turn = (item, action, reservation or str(view["accepted_at_ms"]), str(view["messages"]))
        if turn in self._ended:
            return False
        named = {"reservation": reservation} if reservation else {}
        key = self._keyed("key", *turn)
        answer = await wire.call(action, {"item": item, "key": f"{self.login}-{key}", **named, **body})
        if not answer["ok"]:
            self._stage.counts[f"{action} {answer['code']}"] += 1
            if answer["code"] not in AGAIN:
                self._ended.add(turn)
            return False
        if "receipt" in answer:
            self._stage.counts[f"{action} later"] += 1
            return False
        self._ended.add(turn)
        self._stage.note(
            Acted(
                agent=self.login,
                item=item,
                action=action,
                position=answer["position"],
                reservation=reservation,
                mark=mark,
            )
        )
        self._stage.counts[action] += 1
        return True

    def cut(self) -> None:
        """Pull the cable."""
        if self._wire is not None:
            self._wire.cut()

    async def close(self) -> None:
        """Hang up."""
        if self._wire is not None:
            await self._wire.close()
        self._wire = None
