"""Somebody at a browser: signs in, looks for what a page says, and has it checked by axe."""

from pathlib import Path
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.web.small_centre import PASSWORD

WIDE = (1280, 800)
NARROW = (400, 800)
PATIENCE_MS = 10_000  # how long a page may take to show something
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

expect.set_options(timeout=PATIENCE_MS)


class Person:
    """A browser context of one person, with one page."""

    def __init__(self, context: BrowserContext, page: Page, url: str) -> None:
        self.context = context
        self.page = page
        self.url = url
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if self._is_fault(said.type, said.text) else None)

    @classmethod
    async def open(
        cls, browser: Browser, url: str, *, language: str = "en", size: tuple[int, int] = WIDE, dark: bool = False
    ) -> "Person":
        """A fresh browser, as somebody with this language and taste has it."""
        context = await browser.new_context(
            locale=language,
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        return cls(context, await context.new_page(), url)

    async def sign_in(self, login: str, password: str = PASSWORD) -> None:
        """Sign in and wait for the page of one's role."""
        await self.page.goto(self.url)
        await self.page.locator("input[autocomplete=username]").fill(login)
        await self.page.locator("input[autocomplete=current-password]").fill(password)
        await self.page.locator("button[type=submit]").click()
        await self.page.wait_for_url(lambda url: not url.endswith("/"))

    async def press(self, name: str) -> None:
        """Press the button of this name."""
        await self.page.get_by_role("button", name=name, exact=False).first.click()

    async def sees(self, text: str) -> None:
        """Wait until the page shows this text. Raises AssertionError."""
        await expect(self.page.get_by_text(text).first).to_be_visible()

    async def axe(self) -> list[str]:
        """What axe finds on the page as it is: rule and the element. Nothing is allowed."""
        found: dict[str, Any] = (await Axe().run(self.page, options={"runOnly": RULES})).response
        return [
            f"{one['id']}: {node['html'][:160]} {node.get('failureSummary', '')}"
            for one in found["violations"]
            for node in one["nodes"]
        ]

    async def picture(self, path: Path) -> None:
        """Keep how the whole page looks."""
        await self.page.screenshot(path=path, full_page=True)

    async def leave(self) -> None:
        """Close the browser. Raises AssertionError when the page had complained in its console."""
        await self.context.close()
        assert self.faults == [], "the page complained in its console"

    @staticmethod
    def _is_fault(kind: str, text: str) -> bool:
        """Refusals by the server and a cut line are shown on the page; the browser logs them too."""
        return kind == "error" and "Failed to load resource" not in text and "WebSocket" not in text
