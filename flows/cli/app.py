"""The command line's root, and how a command is declared."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperArgument, TyperCommand

from flows.cli.session import Session, write

app = typer.Typer(
    name="assay",
    help="Turns the predictions of machine-learning models into evaluation reports that people act on.",
    epilog="Exit status: 0 done, 1 a gate failed, 2 bad usage, 3 not allowed, 4 not found, 5 cannot be "
    "evaluated, 6 store or engine unavailable, 7 an evaluation of the night errored, 70 a bug of Assay's.",
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
)

StoreOption = Annotated[
    str | None,
    typer.Option(metavar="URL", help="s3://bucket[/prefix] or a folder [$ASSAY_STORE, else ./assay-store]."),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON on standard output, nothing else there.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Print errors alone.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Print an error's traceback, too.")]

Command = Callable[..., int]


class _PlainCommand(TyperCommand):
    """A command whose help shows no types of Python's beside its arguments: their names say it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for parameter in self.params:
            if isinstance(parameter, TyperArgument):
                parameter.display_type_rich = lambda ctx: None  # type: ignore[method-assign]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        write(f"assay {version('assay-reports')}\n")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """The options of ``assay`` itself."""


def command(name: str) -> Callable[[Command], Command]:
    """Declare a command: its function gets a Session first, its parser the four common options.

    The function's docstring is the command's help, and what it returns the exit status.
    """

    def declare(function: Command) -> Command:
        @functools.wraps(function)
        def called(store: str | None, as_json: bool, quiet: bool, debug: bool, **own: Any) -> int:
            return function(Session(store, as_json, quiet, debug), **own)

        called.__signature__ = _with_common_options(function)  # type: ignore[attr-defined]
        called.__annotations__ = {}
        app.command(name, cls=_PlainCommand)(called)
        return function

    return declare


def _with_common_options(function: Command) -> inspect.Signature:
    signature = inspect.signature(function, eval_str=True)
    own = [p.replace(kind=p.KEYWORD_ONLY) for p in list(signature.parameters.values())[1:]]
    common = [
        _parameter("store", StoreOption, None),
        _parameter("as_json", JsonOption, False),
        _parameter("quiet", QuietOption, False),
        _parameter("debug", DebugOption, False),
    ]
    return signature.replace(parameters=[*own, *common], return_annotation=int)


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
