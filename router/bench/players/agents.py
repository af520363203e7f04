"""The agents of the play: each a python-socketio client that works as a person at a desk would.

An agent knows only what the server pushes: the view and its changes. What they do about an item runs as one story
per item; every action waits for its acknowledgement.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import socketio
from socketio.exceptions import SocketIOError

from router.bench import limits
from router.bench.journal import Acted, Pushed
from router.bench.players.people import way
from router.bench.players.stage import Stage

NAMESPACE = "/agent"
DISPOSITIONS = ("solved", "information_given", "referred", "not_competent")
ESCALATIONS = ("expertise", "file_access", "legal", "customer_request")
DECLINES = ("occupied", "language", "technical")


class Agent:
    """One agent at work. `specialist`: they escalate no further."""

    def __init__(self, stage: Stage, seed: int, login: str, *, specialist: bool, categories: list[str]) -> None:
        self.login = login
        self._stage = stage
        self._seed = seed
        self._specialist = specialist
        self._categories = categories
        self._items: dict[str, dict[str, Any]] = {}
        self._views: dict[str, asyncio.Queue[dict[str, Any] | None]] = {}
        self._reservations: set[str] = set()
        self._away = False
        self._sio = socketio.AsyncClient(handle_sigint=False, reconnection_delay=1, reconnection_delay_max=5)
        self._sio.on("view", self._seen_view, namespace=NAMESPACE)
        self._sio.on("change", self._seen_change, namespace=NAMESPACE)

    async def sign_on(self, token: Callable[[], str]) -> None:
        """Connect and become available. Raises SocketIOError when the server does not let them."""
        await self._sio.connect(
            self._stage.url, auth=lambda: {"token": token()}, namespaces=[NAMESPACE], transports=["websocket"]
        )
        await self._say("presence", {"state": "available"})

    async def sign_off(self) -> None:
        """Go home."""
        await self._sio.disconnect()

    @property
    def held(self) -> list[dict[str, Any]]:
        """The items on their screen."""
        return list(self._items.values())

    # -- what the server shows ----------------------------------------------------------------------------------

    async def _seen_view(self, body: dict[str, Any]) -> None:
        shown = body["view"]["items"]
        for item in [item for item in self._items if item not in shown]:
            self._gone(item)
        for view in shown.values():
            self._show(view)

    async def _seen_change(self, body: dict[str, Any]) -> None:
        for item in body.get("drop", ()):
            self._gone(item)
        for view in body["set"].get("items", {}).values():
            self._show(view)
        me = body["set"].get("agent")
        if me is not None and me["state"] == "not_ready" and not self._away:
            self._away = True
            self._stage.begin(self._come_back())

    def _gone(self, item: str) -> None:
        self._items.pop(item, None)
        if item in self._views:
            self._views[item].put_nowait(None)

    def _show(self, view: dict[str, Any]) -> None:
        item = view["id"]
        self._items[item] = view
        if view["state"] == "reserved" and view["reservation"]["id"] not in self._reservations:
            self._reservations.add(view["reservation"]["id"])
            self._stage.note(Pushed(agent=self.login, item=item, reservation=view["reservation"]["id"]))
            self._stage.begin(self._take(view))
        if item in self._views:
            self._views[item].put_nowait(view)
        elif view["state"] == "active":
            self._views[item] = asyncio.Queue()
            self._views[item].put_nowait(view)
            self._stage.count(view["channel"], "taken")
            self._stage.begin(self._work(view))

    async def _come_back(self) -> None:
        await self._stage.pause(*limits.BREAK_S)
        self._away = False
        await self._say("presence", {"state": "available"})

    # -- what the agent does ------------------------------------------------------------------------------------

    async def _take(self, view: dict[str, Any]) -> None:
        reservation, channel = view["reservation"]["id"], view["channel"]
        taken = way(self._seed, reservation, channel)
        await self._stage.pause(*limits.THINK_S)
        if taken == "desk":
            await self._act("accept", view, reservation=reservation)
        elif taken == "decline":
            reason = self._stage.chance.choice(DECLINES)
            if await self._act("decline", view, reservation=reservation, reason=reason):
                self._stage.count(channel, "declined")
        elif taken == "ignore":
            self._stage.count(channel, "ignored")

    async def _work(self, view: dict[str, Any]) -> None:
        item = view["id"]
        escalates = not self._specialist and self._stage.chance.random() < limits.SHARES["escalate"]
        try:
            if view["channel"] == "phone":
                await self._talk(view, escalates)
            elif view["channel"] == "chat":
                await self._chat(view, escalates)
            else:
                await self._write(view, escalates)
        finally:
            del self._views[item]

    async def _talk(self, view: dict[str, Any], escalates: bool) -> None:
        if escalates:
            await self._stage.pause(*limits.THINK_S)
            await self._escalate(view)
        elif await self._until(view, "wrapping"):
            await self._stage.pause(*limits.THINK_S)
            await self._complete(view)

    async def _write(self, view: dict[str, Any], escalates: bool) -> None:
        await self._stage.pause(*limits.WRITE_S)
        if escalates:
            await self._escalate(view)
        elif await self._reply(view, "Thank you for your mail. Here is what you asked for."):
            if self._stage.chance.random() < limits.SHARES["pending"]:
                await self._act("pending", view, reason="customer")
            else:
                await self._complete(view)

    async def _chat(self, view: dict[str, Any], escalates: bool) -> None:
        answered = 0
        while True:
            now = await self._next(view)
            if now is None:
                return
            if now["state"] == "wrapping" or now["customer_left"]:
                break
            if now["messages"] > answered:
                await self._stage.pause(*limits.TYPE_S)
                if escalates and answered:
                    await self._escalate(view)
                    return
                if await self._reply(view, "I am looking into it."):
                    answered = now["messages"] + 1
        await self._complete(view)

    async def _until(self, view: dict[str, Any], state: str) -> bool:
        """Whether the item came into this state; False when it left this agent."""
        while (now := await self._next(view)) is not None:
            if now["state"] == state:
                return True
        return False

    async def _next(self, view: dict[str, Any]) -> dict[str, Any] | None:
        """The item as it is shown next; None when it is shown no more."""
        views = self._views[view["id"]]
        now = await views.get()
        while not views.empty() and now is not None:
            now = views.get_nowait()
        return now

    async def _reply(self, view: dict[str, Any], text: str) -> bool:
        mark = self._stage.mark("reply")
        return await self._act("reply", view, mark=mark, text=f"{text} [{mark}]")

    async def _escalate(self, view: dict[str, Any]) -> None:
        reason = self._stage.chance.choice(ESCALATIONS)
        if await self._act("escalate", view, reason=reason, note="Asked twice; needs somebody who knows the file."):
            self._stage.tell(f"{self.login} escalates {view['channel']}: {reason}")

    async def _complete(self, view: dict[str, Any]) -> None:
        disposition = self._stage.chance.choice(DISPOSITIONS)
        category = self._stage.chance.choice(self._categories)
        if await self._act("complete", view, disposition=disposition, category=category):
            self._stage.tell(f"{self.login} closes {view['channel']}: {disposition}")

    async def _act(
        self, action: str, view: dict[str, Any], *, mark: str = "", reservation: str = "", **body: Any
    ) -> bool:
        """Do something with an item; whether the server did it. What was acknowledged is journalled."""
        named = {"reservation": reservation} if reservation else {}
        if not await self._say(action, {"item": view["id"], **named, **body}):
            return False
        self._stage.note(Acted(agent=self.login, item=view["id"], action=action, reservation=reservation, mark=mark))
        self._stage.count(view["channel"], action)
        return True

    async def _say(self, event: str, body: dict[str, Any]) -> bool:
        """Send an event and wait for its acknowledgement; whether it was done. One whose outcome was not known in
        time (it only names a receipt) is no yes: what comes of it is seen by what the server shows next."""
        try:
            answer = await self._sio.call(event, body, namespace=NAMESPACE, timeout=limits.ACT_S_MAX)
        except (SocketIOError, TimeoutError):
            self._stage.count("agents", "unanswered")
            return False
        if not answer["ok"]:
            self._stage.count("refused", f"{event} {answer['code']}")
        return bool(answer["ok"]) and "receipt" not in answer
