"""The command line: thin commands over the settings, the centre files, the running server and the node."""


def main() -> None:
    """Run `firstline`."""
    from router.cli.app import app

    app(prog_name="firstline")
