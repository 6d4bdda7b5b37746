"""All commands: importing their modules declares them, in the order in which help lists them."""

from flows.cli import demo, evaluate, nightly, serve, announce, add, read, doctor  # noqa: F401, I001
from flows.cli.app import app

__all__ = ["app"]
