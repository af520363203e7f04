"""The sample centre that ships with Firstline: a Belgian public service in French, Dutch, German and English."""

from importlib import resources


def text() -> str:
    """The sample's file, as text."""
    return resources.files(__name__).joinpath("centre.yaml").read_text(encoding="utf-8")
