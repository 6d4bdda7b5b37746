"""What an installation needs, looked at one by one; each check says what it found and the remedy."""

from __future__ import annotations

import platform
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from evalcore.errors import AssayError, EngineUnavailable, InternalError
from flows.prefect_api import api_url
from infra.storage import open_store, without_secrets

LIBRARIES = ("assay-reports", "boto3", "jinja2", "numpy", "prefect", "pyarrow", "typer", "weasyprint")
_OLDEST_PYTHON = (3, 11)
_PATIENCE = 5.0


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; ``exit_status`` is that of the error it would lead to."""

    name: str
    status: Literal["ok", "missing"]
    found: str
    remedy: str | None = None
    exit_status: int = 0


def checks(store_url: str) -> list[Check]:
    """Everything, in a fixed order."""
    return [
        _python(),
        *map(_library, LIBRARIES),
        _guarded("PDF rendering", _pdf),
        *_fonts(),
        _guarded("store", lambda: _store(store_url)),
        _guarded("Prefect API", _prefect),
    ]


def _guarded(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", look())
    except AssayError as error:
        return Check(name, "missing", error.message, error.remedy, error.exit_status)


def _python() -> Check:
    found = platform.python_version()
    if sys.version_info >= _OLDEST_PYTHON:
        return Check("python", "ok", found)
    return Check("python", "missing", found, "install Python 3.11 or later", InternalError.exit_status)


def _library(name: str) -> Check:
    try:
        return Check(name, "ok", version(name))
    except PackageNotFoundError:
        remedy = "install Assay anew from its lock file"
        return Check(name, "missing", "not installed", remedy, InternalError.exit_status)


def _pdf() -> str:
    """Render a small document, which takes Pango and a font."""
    try:
        from weasyprint import HTML

        data = HTML(string="<p lang=en>Assay</p>").write_pdf(uncompressed_pdf=True)
    except OSError as error:  # what loading a shared library raises
        raise InternalError(
            f"a library of Pango cannot be loaded: {str(error)[:200]}",
            "install Pango (Debian: libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0)",
        ) from error
    if not data or b"/Font" not in data:
        raise InternalError("text was rendered without a font", "install a font (Debian: fonts-noto-core)")
    return "works"


def _fonts() -> list[Check]:
    """A line for each script that lacks a font; none keeps an evaluation from running."""
    from templates.scripts import SCRIPTS, scripts_without_font

    try:
        lacking = scripts_without_font()
    except OSError:  # Pango, which the line before tells of
        return []
    if not lacking:
        return [Check("fonts", "ok", f"there is one for each of {len(SCRIPTS)} scripts")]
    return [
        Check(f"font for {script.name}", "missing", "none is installed", f"install {script.package}")
        for script in lacking
    ]


def _store(url: str) -> str:
    """Reach the store, and write and remove a small object where that is allowed."""
    store = open_store(url)
    store.check()
    key = f"evaluations/nightly/doctor-{secrets.token_hex(4)}.txt"
    store.write(key, b"assay doctor was here\n", content_type="text/plain; charset=utf-8")
    store.delete([key])
    return f"{store.url} can be read and written"


def _prefect() -> str:
    named = api_url()
    if named is None:
        return "none is named; Prefect's embedded server is started where one is needed"
    import httpx

    shown = without_secrets(named)
    try:
        httpx.get(f"{named.rstrip('/')}/health", timeout=_PATIENCE).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise EngineUnavailable(
            f"{shown} does not answer: {type(error).__name__}",
            "start it, correct PREFECT_API_URL or the active profile, or use --runner inline",
        ) from error
    return f"{shown} answers"
