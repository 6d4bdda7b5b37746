"""From a context to a page: the template environment, the stylesheets and the policy that goes with them."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from templates.words import pieces, runs_from_right, shorten, visible

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    Name = Callable[[object], Markup]

_HERE = Path(__file__).parent
_ROOM = 28


@cache
def stylesheet(*names: str) -> str:
    """Stylesheets of this folder, one after the other, without comments."""
    text = "\n".join((_HERE / name).read_text("utf-8") for name in names)
    return re.sub(r"\s*/\*.*?\*/", "", text, flags=re.DOTALL).strip() + "\n"


@cache
def paper_stylesheet(tokens: str, *names: str) -> str:
    """Stylesheets with the custom properties of ``tokens`` put in their places.

    WeasyPrint works every reference out anew for every box, which takes it a tenth of its time.
    """
    root = stylesheet(tokens).split("}")[0]
    values = dict(re.findall(r"--([\w-]+):\s*([^;]+);", root))
    return re.sub(r"var\(--([\w-]+)\)", lambda found: values[found[1]], stylesheet(*names))


@cache
def script(*names: str) -> str:
    """Scripts of this folder as one, the later ones with what the earlier ones define."""
    return "\n" + "\n".join((_HERE / name).read_text("utf-8") for name in names)


@cache
def policy(style: str, code: str = "") -> str:
    """A Content-Security-Policy that allows this one stylesheet and this one script, and nothing else."""
    scripts = f"script-src {_hash(code)}; " if code else ""
    return (
        f"default-src 'none'; style-src {_hash(style)}; {scripts}img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _environment(paper: bool) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    write = name_on_paper if paper else name
    environment.filters |= {
        "name": write,
        "attr": attribute,
        "text": visible,
        "named": partial(named, write=write),
        "short": partial(short, write=write),
        "svg": drawn,
    }
    return environment


def page(
    template: str, context: Mapping[str, Any], *styles: str, code: tuple[str, ...] = (), data: str = ""
) -> str:
    """A whole page: a template with its context, and these stylesheets inside.

    ``code`` are the names of its scripts, ``data`` the JSON that the script reads, already fit for a page.
    """
    from markupsafe import Markup

    style = stylesheet(*styles) if styles else ""
    text = script(*code) if code else ""
    return (
        _environment(bool(context.get("paper")))
        .get_template(template)
        .render(
            **context,
            style=Markup(style),  # noqa: S704
            script=Markup(text),  # noqa: S704
            data=Markup(data),  # noqa: S704
            policy=policy(style, text),
        )
    )


def name(text: object) -> Markup:
    """A name from the data, isolated so that its direction of writing stays its own."""
    from markupsafe import Markup

    return Markup("<bdi>{}</bdi>").format(visible(text))


def name_on_paper(text: object) -> Markup:
    """A name from the data; one that is written from right to left stands between marks that isolate it.

    They are what ``<bdi>`` stands for, but an element would cut the text, and tabs after it would start anew.
    """
    from markupsafe import Markup

    shown = visible(text)
    return Markup.escape(f"\u2068{shown}\u2069" if runs_from_right(shown) else shown)


def short(text: object, write: Name = name) -> Markup:
    """A name where there is little room; in full it stands elsewhere on the page."""
    return write(shorten(visible(text), _ROOM))


def named(sentence: object, *names: object, write: Name = name) -> Markup:
    """A sentence in which the labels, or other names from the data, that it speaks of are names."""
    from markupsafe import Markup

    parts = pieces(sentence, *names)
    return Markup("").join(write(part) if is_name else part for part, is_name in parts)


def attribute(text: object) -> Markup:
    """A name inside an attribute, in full: characters that are not shown stand as references."""
    from markupsafe import Markup

    whole = str(text)
    if visible(whole) == whole:
        return Markup.escape(whole)
    return Markup("").join(_reference(each) if _is_reference(each) else each for each in whole)


def _is_reference(character: str) -> bool:
    # The references of C1 controls (U+0080 to U+009F) would mean other characters.
    return visible(character) != character and not "\x7f" <= character <= "\x9f"


def _reference(character: str) -> Markup:
    from markupsafe import Markup

    code = ord(character)
    no_reference = code == 0 or 0xD800 <= code <= 0xDFFF
    return Markup("\ufffd") if no_reference else Markup("&#x{:x};").format(code)


def drawn(picture: str) -> Markup:
    """A picture of ``templates.charts``, whose texts are escaped there."""
    from markupsafe import Markup

    return Markup(picture)  # noqa: S704
