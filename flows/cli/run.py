"""From arguments to an exit status: whatever happens on the way becomes one line, or one JSON object."""

from __future__ import annotations

import json
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import ENOSPC

import typer

from evalcore.errors import AssayError, InvalidParameter, StorageUnavailable
from flows import progress
from flows.cli.session import NoOutput, PipeClosed, discard_output, flush, write
from flows.faults import as_ours
from flows.terminal import safe

INTERRUPTED = 130
TERMINATED = 143
"""What a shell reports for a command that SIGTERM ended."""

PIPE_CLOSED = 141
"""What a shell reports for a command that SIGPIPE ended."""

_WITHOUT_VALUE = ("--json", "--quiet", "--debug")
_WITH_VALUE = ("--store",)


def run(arguments: list[str]) -> int:
    """Run one command; nothing but its exit status leaves here."""
    as_json, debug = "--json" in arguments, "--debug" in arguments
    try:
        with ended_by_sigterm(TERMINATED):
            return _guarded(lambda: _invoke(arguments), as_json, debug)
    except (PipeClosed, BrokenPipeError):
        discard_output()  # whoever read it has seen enough
        return PIPE_CLOSED


@contextmanager
def ended_by_sigterm(status: int) -> Iterator[None]:
    """SIGTERM ends the block wherever it is, as Ctrl-C does, so that all is put in order on the way out."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(status))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _guarded(command: Callable[[], int], as_json: bool, debug: bool) -> int:
    try:
        return command()
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as ended:  # by a signal
        return int(ended.code or 0)
    except typer.Abort:
        return INTERRUPTED
    except (PipeClosed, BrokenPipeError):
        raise
    except Exception as error:
        if debug:
            traceback.print_exc()
        return _report(_as_ours(error), as_json)


def _invoke(arguments: list[str]) -> int:
    from flows.cli.commands import app

    command = typer.main.get_command(app)
    status = command.main(_global_options_last(arguments), prog_name="assay", standalone_mode=False)
    flush()
    return status if isinstance(status, int) else 0


def _global_options_last(arguments: list[str]) -> list[str]:
    """``assay --json list`` as ``assay list --json``: the options that every command takes may come first."""
    first: list[str] = []
    rest = list(arguments)
    while rest and rest[0].partition("=")[0] in (*_WITHOUT_VALUE, *_WITH_VALUE):
        takes_value = rest[0] in _WITH_VALUE
        first += rest[: 2 if takes_value else 1]
        rest = rest[2 if takes_value else 1 :]
    command = rest and not rest[0].startswith("-")
    return [rest[0], *first, *rest[1:]] if command else rest


def _as_ours(error: Exception) -> AssayError:
    if isinstance(error, OSError) and error.errno == ENOSPC:  # the parser's own output, of --help
        return StorageUnavailable("no space is left to write to", "make room, or send the output elsewhere")
    return _usage(error) if isinstance(error, typer.TyperException) else as_ours(error)


def _usage(error: typer.TyperException) -> InvalidParameter:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "assay"
    text = " ".join(error.format_message().split()).rstrip(".")
    return InvalidParameter(text[:1].lower() + text[1:], f"see {command} --help")


def _report(error: AssayError, as_json: bool) -> int:
    if not (as_json and _written(error)):
        line = f"error[{error.code}]: {safe(error)}"
        facts = {"error": error.document()}
        sys.stderr.write(progress.json_line("error", line, facts) if progress.as_json() else f"{line}\n")
    return error.exit_status


def _written(error: AssayError) -> bool:
    """Whether standard output took the error as JSON; where not, people are told."""
    if isinstance(error, NoOutput):
        return False
    try:
        write(json.dumps({"error": error.document()}, ensure_ascii=False) + "\n")
    except NoOutput:
        return False
    return True
