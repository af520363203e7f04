"""The Dockerfile: what it copies is in the checkout, what it starts is what the command line and the API have."""

import json
import re

from router.api import health
from router.settings import ENVIRONMENT, PREFIX, load
from tests.architecture.tree import ROOT
from tests.deploy.parsing import parsed

TEXT = (ROOT / "deploy" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
IGNORED = (ROOT / ".dockerignore").read_text("utf-8").split()


def instructions(name: str) -> list[str]:
    """What follows each instruction of this name."""
    return re.findall(rf"^{name} (.*)$", TEXT, re.MULTILINE)


def test_what_is_copied_is_there_and_not_ignored() -> None:
    sources = [source for line in instructions("COPY") if "--from=" not in line for source in line.split()[:-1]]
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert {f"!{source}" for source in sources} == {line for line in IGNORED if line.startswith("!")}


def test_it_starts_what_the_command_line_has_as_nobody_special() -> None:
    (entry,), (command,) = instructions("ENTRYPOINT"), instructions("CMD")
    assert json.loads(entry) == ["firstline"]
    assert parsed(json.loads(command))["data"] is None, "the folder comes from the environment"
    assert instructions("USER") == ["firstline"]


def test_its_environment_sets_what_settings_there_are() -> None:
    ours = dict(re.findall(rf"({PREFIX}\w+)=(\S+)", " ".join(instructions("ENV"))))
    assert set(ours) <= set(ENVIRONMENT)
    settings = load(environ=ours)
    assert [str(settings.data_dir)] == instructions("VOLUME")
    assert [str(settings.port)] == instructions("EXPOSE")


def test_it_asks_for_its_health_where_the_server_says_it() -> None:
    (said,) = re.findall(r"http://127\.0\.0\.1:8410(/\w+)", TEXT)
    assert said in [route.path for route in health.routes.all]
