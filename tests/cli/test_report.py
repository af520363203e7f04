"""`firstline report day`: CSV that a spreadsheet reads and does not run, from a real server."""

import asyncio
import csv
import io
import json
import os
import sys
from asyncio.subprocess import PIPE
from datetime import datetime

import pytest

from router.cli.outcome import Exit
from router.cli.report import harmless
from router.gateway import Figures
from tests.api.conftest import empty_archive, house
from tests.api.house import PASSWORD, House
from tests.support import eventually

__all__ = ["empty_archive", "house"]

pytestmark = pytest.mark.slow


async def firstline(house: House, *arguments: str, who: str = "root") -> tuple[int, str, str]:
    """The command in a process of its own: exit code, standard output and error."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTLINE_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "router.cli", "report", "day", "--url", house.url, "--login", who, *arguments),
        env=clean | {"FIRSTLINE_PASSWORD": PASSWORD},
        stdout=PIPE,
        stderr=PIPE,
    )
    async with asyncio.timeout(60):
        out, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), said.decode()


async def archived(house: House) -> None:
    position = house.domain.position
    await eventually(lambda: house.archiver.position >= position)


async def test_a_row_for_each_queue_and_one_for_all(house: House) -> None:
    """The columns are those of the API; what is undefined is empty."""
    await house.phone_call("k1")
    await house.phone_call("k2", "expert")
    await archived(house)
    code, out, said = await firstline(house, "--by", "queue")
    assert code == Exit.OK, said
    heading, *rows = csv.reader(io.StringIO(out, newline=""))
    assert heading == ["queue", *Figures.__struct_fields__]
    assert [row[0:2] for row in rows] == [["expert", "1"], ["help", "1"], ["total", "2"]]
    assert rows[0][heading.index("service_level")] == ""


async def test_quarter_hours_are_told_on_the_clocks_of_the_centre(house: House) -> None:
    """With their offset; several dimensions are as many columns."""
    await house.phone_call("k1")
    await archived(house)
    code, out, said = await firstline(house, "--by", "quarter,channel", "--queue", "help", "--zone", "Asia/Tokyo")
    assert code == Exit.OK, said
    heading, row, total = csv.reader(io.StringIO(out, newline=""))
    assert heading[:3] == ["quarter", "channel", "offered"]
    at = datetime.fromisoformat(row[0])
    assert (at.minute % 15, row[1:3]) == (0, ["phone", "1"])
    assert row[0].endswith("+09:00")
    assert total[:3] == ["total", "", "1"]


async def test_as_json_it_is_what_the_server_says(house: House) -> None:
    await house.phone_call("k1")
    await archived(house)
    code, out, _ = await firstline(house, "--json", "--by", "", who="lea")
    body = json.loads(out)
    assert (code, body["by"], body["total"]["offered"]) == (Exit.OK, [], 1)
    refused, _, said = await firstline(house, who="ann")
    assert refused == Exit.REFUSED
    assert "forbidden" in said


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_what_a_spreadsheet_would_run_begins_with_an_apostrophe(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "help", "a=1", "é"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text
