"""Which Prefect API the user has named, found out without importing Prefect."""

from __future__ import annotations

import importlib.util
import os
import tomllib
from pathlib import Path
from typing import Any


def api_url() -> str | None:
    """The Prefect API that the environment or the active profile names; None where neither does."""
    return setting("PREFECT_API_URL")


def setting(name: str) -> str | None:
    """A setting of Prefect's, from the environment or the active profile; None where neither has it."""
    return os.environ.get(name) or _of_active_profile(name)


def _of_active_profile(name: str) -> str | None:
    own = _profiles(Path(os.environ.get("PREFECT_PROFILES_PATH") or _prefect_home() / "profiles.toml"))
    shipped = _profiles(_shipped_profiles())
    active = os.environ.get("PREFECT_PROFILE") or own.get("active") or shipped.get("active")
    for source in (own, shipped):
        value = source.get("profiles", {}).get(active, {}).get(name)
        if value:
            return str(value)
    return None


def _profiles(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError):
        return {}  # Prefect says so itself, should it be used


def _prefect_home() -> Path:
    return Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser()


def _shipped_profiles() -> Path:
    spec = importlib.util.find_spec("prefect")
    origin = spec.origin if spec else None
    return Path(origin).parent / "settings" / "profiles.toml" if origin else Path("profiles.toml")
