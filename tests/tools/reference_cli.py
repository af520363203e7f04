"""The page about the command line: every command with its arguments and options, from the app that runs them."""

from collections.abc import Iterator
from typing import Any

import typer

from router.cli.app import app
from router.cli.outcome import MEANINGS
from router.settings import ENVIRONMENT


def page(head: str) -> str:
    """The whole page, below its `head`."""
    codes = [f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items()]
    return "\n".join(
        [
            head,
            "# The command line\n",
            "Results go to standard output, everything said to people to standard error. With `--json` the result",
            'is JSON, and so is the error of a command that fails: `{"error": …, "exit": n}`.\n',
            "| exit code | meaning |\n|---|---|",
            *codes,
            "\nCommands that talk to a server find it by `--url` or `FIRSTLINE_URL`, else by the settings here. They",
            "show it the login of `--login` with the password in `FIRSTLINE_PASSWORD`, else `FIRSTLINE_TOKEN` or",
            "`FIRSTLINE_KEY`, else they ask. `user`, `key` and `config` work on the data folder itself when no",
            "server runs and none is named: that is how the first admin is made.\n",
            *(
                part
                for name, command in _commands("firstline", typer.main.get_command(app))
                for part in _part(name, command)
            ),
            f"The {len(ENVIRONMENT)} settings that the environment may give are in [settings.md](settings.md).\n",
        ]
    )


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Each command that does something, under its whole name."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word, part in inner.items():
        yield from _commands(f"{name} {word}", part)


def _part(name: str, command: Any) -> list[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and one.name != "help"]
    words = " ".join([name, *(_shown(one) for one in arguments)])
    lines = [" ".join(paragraph.split()) for paragraph in command.help.split("\n\n")]
    return [f"## `{words}`\n", "\n\n".join(lines), "", *(_table([*arguments, *options]))]


def _shown(argument: Any) -> str:
    word = argument.name.upper()
    return word if argument.required else f"[{word}]"


def _table(params: list[Any]) -> list[str]:
    if not params:
        return []
    return ["| | |\n|---|---|", *(f"| {_name(one)} | {one.help or ''} |" for one in params), ""]


def _name(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{param.name.upper()}`"
    value = "" if param.is_flag else f" {param.name.upper()}"
    return ", ".join(f"`{opt}{value}`" for opt in param.opts)
