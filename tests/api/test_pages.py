"""The pages are served as files under a strict policy, and hold nothing that it forbids."""

import re
from pathlib import Path

import pytest

from router.api import pages
from tests.api.house import House

PATHS = sorted(pages.PAGES)


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_comes_with_a_policy_that_allows_only_our_files(house: House, path: str) -> None:
    answer = await house.call("GET", path)
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_holds_no_script_or_style_of_its_own(house: House, path: str) -> None:
    page = (await house.call("GET", path)).body
    assert (
        re.findall(r"<script[^>]*>", page) == re.findall(r'<script type="module" crossorigin src="/[^>]*>', page) != []
    )
    assert "<style" not in page and " style=" not in page and " on" not in re.sub(r">[^<]*<", "><", page)


async def test_what_a_page_loads_has_a_name_of_its_content_and_is_kept_for_good(house: House) -> None:
    page = (await house.call("GET", "/agent")).body
    for path in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page):
        answer = await house.call("GET", path)
        assert answer.status == 200 and answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["ETag"]


async def test_a_page_that_did_not_change_is_not_sent_again(house: House) -> None:
    tag = (await house.call("GET", "/")).headers["ETag"]
    answer = await house.call("GET", "/", headers={"If-None-Match": tag})
    assert (answer.status, answer.body) == (304, "")


async def test_pages_are_sent_packed_to_whoever_takes_that(house: House) -> None:
    answer = await house.call("GET", "/", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip" and "<!doctype html>" in answer.body
    answer = await house.call("GET", "/", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in answer.headers and "<!doctype html>" in answer.body


async def test_nothing_but_built_files_is_served(house: House) -> None:
    for path in (
        "/licences.md",
        "/agent.html/..%2f..%2fpackage.json",
        "/assets/../../package.json",
        "/src/i18n/i18n.ts",
    ):
        (await house.call("GET", path)).problem(404, "not_found")


def test_a_wheel_holds_its_pages_where_they_are_looked_for(tmp_path: Path) -> None:
    assert pages.load(tmp_path) == {}
    checkout, wheel = pages.FOLDERS
    assert (checkout.parts[-2:], wheel.parts[-2:]) == (("web", "dist"), ("router", "pages"))
