"""What figures are called, what they mean, and how names from the data are made safe to show."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache

METHODS = {
    "wilson": "Wilson’s score interval",
    "wilson_of_jaccard": "Wilson’s interval of TP / (TP + FP + FN), of which F1 is a function",
    "mover_of_wilson": "the labels’ Wilson intervals, combined (MOVER)",
    "delta_effective_sample": "Wilson’s interval at the sample size that the delta method amounts to",
    "delong_effective_sample": "Wilson’s interval at the sample size that DeLong’s variance amounts to",
    "wilson_of_positives": "Wilson’s interval with as many trials as there are positives",
    "wilson_effective_sample": "Wilson’s interval at the sample size that the variance amounts to",
    "mover_of_delong_effective_sample": "the labels’ DeLong intervals, combined over shared rows",
    "mover_of_wilson_of_positives": "the labels’ Wilson intervals, combined over shared rows",
    "score_test_of_largest": "every value that a score test of the largest share does not reject",
    "folded_normal_test": "every value that a test of the bins’ absolute gaps does not reject",
    "normal_of_mean": "the mean ± 1.96 standard errors",
    "mover_independent": "the two versions’ own intervals, combined (MOVER)",
}

VERDICTS = {
    "pass": ("Pass", "✓"),
    "inconclusive": ("Inconclusive", "?"),
    "fail": ("Fail", "✕"),
    "none": ("No gate set", "–"),
}

SEVERITIES = {"critical": "Critical", "warning": "Warning", "info": "Note"}

_NOT_SHOWN = re.compile("[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Cn") or bool(_NOT_SHOWN.match(character))


def visible(text: object) -> str:
    """Text as it may be shown: characters that would act on the page instead of standing on it are U+FFFD."""
    shown = str(text)
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join("\ufffd" if _hidden(each) else each for each in shown)


def runs_from_right(text: str) -> bool:
    """Whether some of it is written from right to left, so that what stands beside it may change places."""
    return not text.isascii() and any(unicodedata.bidirectional(each) in ("R", "AL") for each in text)


def shorten(text: str, longest: int) -> str:
    """At most ``longest`` characters, cut with an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def fitted(text: str, room: float) -> str:
    """As much of a text as ``room`` holds, in times the letters' size, cut with an ellipsis.

    Letters are taken to be as wide as in Noto Sans, roughly and rather too wide: no font is asked.
    """
    widths = [_width(each) for each in text]
    if sum(widths) <= room:
        return text
    room -= 0.82  # of the ellipsis itself
    kept = 0
    while kept < len(widths) and widths[kept] <= room:
        room -= widths[kept]
        kept += 1
    return text[:kept].rstrip() + "…"


def _width(character: str) -> float:
    if character in "mwMW@%&":
        return 0.95
    if character in "fijlrtI.,:;'|!()[]/- ":
        return 0.42
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0 if character.isalnum() else 1.35
    if unicodedata.combining(character):
        return 0.0
    return 0.74 if character.isupper() else 0.62


def pieces(text: object, *names: object) -> list[tuple[str, bool]]:
    """A sentence cut where it has the names that it speaks of: each part, and whether it is a name.

    A sentence has them as they are or, within quotes, as Python writes a text.
    """
    shown = visible(text)
    forms = {visible(form) for each in names if each for form in (each, repr(str(each))[1:-1])}
    if not forms:
        return [(shown, False)]
    wanted = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    parts = re.split(rf"(?<!\w)({wanted})(?!\w)", shown)
    return [(part, place % 2 == 1) for place, part in enumerate(parts) if part]


@cache
def vocabulary() -> Mapping[str, tuple[str, str]]:
    """Title and meaning of every metric, from where it is defined."""
    from evalcore.registry import metrics

    return {each.name: (_set(each.title), _set(_first_sentence(each.compute.__doc__))) for each in metrics()}


def _set(text: str) -> str:
    return text.replace("'", "’").replace("``", "")


def _first_sentence(text: str | None) -> str:
    first = " ".join((text or "").split("\n\n")[0].split()).split(". ")[0]
    return f"{first.rstrip('.')}." if first else ""


def meaning(name: str) -> str:
    """What a metric says, in one sentence; nothing for one that is not known here."""
    return vocabulary()[name][1] if name in vocabulary() else ""


def metric(path: str) -> str:
    """What a metric is called: ``weighted_f1`` is ``Weighted F1``, ``recall[churned]`` keeps its label."""
    if path in vocabulary():
        return vocabulary()[path][0]
    if path.endswith("]") and "[" in path:
        name, label = path[:-1].split("[", 1)
        return f"{metric(name)} of {label}"
    if "." in path or not path:
        return path
    plain = path.replace("_", " ")
    return plain[0].upper() + plain[1:]


def names_in(path: str) -> list[str]:
    """The names from the data in a gate's path: its column and its label, where it has them."""
    from evalcore.paths import Path

    found = Path.parse(path)
    return [each for each in (found.column, found.label) if each is not None]


def requirement(path: str) -> str:
    """What a gate is about: ``slices.region.recall[b]`` is ``Recall of b by region, worst value``."""
    from evalcore.paths import Path

    found = Path.parse(path)
    if found.column is None:
        return metric(path)
    named = metric(found.metric if found.label is None else f"{found.metric}[{found.label}]")
    return f"{named} by {found.column}, worst value"


def method(name: str) -> str:
    """How an interval was found, in words."""
    return METHODS.get(name, name.replace("_", " "))


def sentence(text: str, label: str | None = None) -> str:
    """Text with a capital, unless it begins with the label's own name, and a full stop."""
    if not text:
        return ""
    begun = text if label and text.startswith(label) else text[0].upper() + text[1:]
    return begun if begun[-1] in ".!?" else begun + "."


def listing(words: Iterable[str]) -> str:
    """``a, b and c``."""
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def plural(number: float, one: str, many: str | None = None) -> str:
    """The noun that fits a number."""
    return one if number == 1 else many or one + "s"
