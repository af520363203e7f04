"""The command line: thin commands over the settings, the centre files, the running server and the node."""

from router import compiled


def main() -> None:
    """Run `firstline`."""
    compiled.use()
    from router.cli.app import app

    app(prog_name="firstline")
