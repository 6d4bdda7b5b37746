"""``summary.md``: the evaluation in short, for a comment on a pull request or a job's summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from templates.confusions import confusions_view
from templates.findings import attention_view, warnings_view
from templates.formats import Format
from templates.head import figures_view, head_view, verdict_view
from templates.labels import COLUMNS, by_f1
from templates.markdown import escaped, name, sentence, table
from templates.matrix import Matrix
from templates.numbers import count, figure, share, span
from templates.words import metric, plural, shorten, visible

LONGEST = 60_000
"""Characters; a comment on GitHub takes 65,536."""
_LEFT_OUT = "_What else there is would make this too long: it is in the report._"

MATRIX_LABELS = 12
_GATES = 30
_WEAKEST = 10
_CONFUSIONS = 10
_WARNINGS = 15
_NAME, _MESSAGE = 40, 400
"""Characters of a name in a table, and of a message."""

Summary = Mapping[str, Any]


def render(summary: Summary) -> bytes:
    """The summary as UTF-8 Markdown of less than 60,000 characters."""
    parts = [part for section in _SECTIONS for part in section(summary)]
    return _fitted("\n\n".join(parts) + "\n").encode("utf-8")


def _fitted(text: str) -> str:
    """The text, or as many of its lines as there is room for, and a word of the rest."""
    if len(text) < LONGEST:
        return text
    return f"{text[: LONGEST - len(_LEFT_OUT) - 4].rpartition(chr(10))[0]}\n\n{_LEFT_OUT}\n"


def _short(text: object) -> str:
    return name(shorten(visible(text), _NAME))


def _message(text: str, *names: str | None) -> str:
    return sentence(shorten(visible(text), _MESSAGE), *names)


def _block(lines: Sequence[str]) -> str:
    return "\n".join(lines)


# -- what decides ------------------------------------------------------------------------------------


def _head(summary: Summary) -> Iterator[str]:
    head, verdict = head_view(summary), verdict_view(summary)
    yield f"## {verdict['sign']} {verdict['word']}: {name(head['short'])}"
    if head["what_if"]:
        yield f"> **{escaped(head['what_if'])}**: not the evaluation in force. Nothing stored has changed."
    facts = [f"Version **{name(head['version'])}**", f"split **{name(head['split'])}**"]
    if head["checkpoint"]:
        facts.append(f"checkpoint **{name(head['checkpoint'])}**")
    facts += [f"{head['examples']} {head['example_noun']}", f"{head['labels']} {head['label_noun']}"]
    if head["threshold"]:
        facts.append(f"threshold {head['threshold']}")
    yield " · ".join(facts)
    yield verdict["sentence"]


def _gates(summary: Summary) -> Iterator[str]:
    gates = verdict_view(summary)["gates"]
    if not gates:
        return
    columns = ("Gate", "Status", "Found :", "95 % interval :", "Required", "Why")
    yield _block(table(columns, [_gate(gate) for gate in gates[:_GATES]]))
    if len(gates) > _GATES:
        more = len(gates) - _GATES
        yield f"And {count(more)} more {plural(more, 'gate')}, in the report."


def _gate(gate: Mapping[str, Any]) -> list[str]:
    return [
        name(shorten(gate["metric"], 2 * _NAME)),
        f"{gate['sign']} {gate['word']}",
        gate["value"],
        gate["interval"] or "–",
        gate["bound"],
        _message(gate["reason"], *gate["names"]),
    ]


def _figures(summary: Summary) -> Iterator[str]:
    figures = figures_view(summary)
    compared = any(each["change"] for each in figures)
    columns = (
        "Figure",
        "Value :",
        "95 % interval :",
        *(("Change :", "95 % interval :", "") if compared else ()),
    )
    yield "### Main figures"
    yield _block(
        table(columns, [_figure(each) + (_change(each["change"]) if compared else []) for each in figures])
    )
    yield from _baseline(summary.get("comparison"))


def _figure(each: Mapping[str, Any]) -> list[str]:
    found = f"undefined: {escaped(each['reason'])}" if each["reason"] else each["interval"] or "–"
    return [each["name"], each["value"], found]


def _change(found: Mapping[str, str] | None) -> list[str]:
    return (
        [found["delta"], found["interval"] or "–", f"{found['sign']} {found['said']}"]
        if found
        else ["–", "–", ""]
    )


def _baseline(comparison: Mapping[str, Any] | None) -> Iterator[str]:
    if not comparison:
        return
    version = name(comparison["baseline_version"])
    if "reason" in comparison:
        yield f"Not compared with version {version}: {_message(comparison['reason'])}"
    else:
        yield f"Changes are against version {version}."


def _attention(summary: Summary) -> Iterator[str]:
    found = attention_view(summary, confusions_view(Matrix(summary), summary, paper=True))
    lines = [f"- **{each['word']}**: {_said(each)}" for each in found["warnings"]]
    parts = (
        ("weakest", "Weakest label", _weakest),
        ("mend", "Most to gain", _mend),
        ("gap", "Widest gap", _gap),
    )
    lines += [f"- **{title}**: {said(found[part])}" for part, title, said in parts if found[part]]
    if lines:
        yield "### What needs attention"
        yield _block(lines)


def _weakest(weak: Mapping[str, Any]) -> str:
    interval = f" ({weak['interval']})" if weak["interval"] else ""
    return (
        f"{_short(weak['label'])}, F1 {weak['f1']}{interval}: of {weak['support']} that actually are, "
        f"{weak['right']} are found (recall {weak['recall']}); of {weak['predicted']} predicted to be, "
        f"{weak['right']} are right (precision {weak['precision']})."
    )


def _mend(confusion: Mapping[str, Any]) -> str:
    return (
        f"{_short(confusion['actual'])} predicted as {_short(confusion['predicted'])}, {confusion['count']} "
        f"{confusion['noun']} ({confusion['of_errors']} of all errors): were they right, weighted F1 would "
        f"change by {confusion['gain']}."
    )


def _gap(gap: Mapping[str, Any]) -> str:
    low, high = (
        f"{end['figure']} ({end['interval']}) for {_short(end['value'])}" for end in (gap["low"], gap["high"])
    )
    return f"{escaped(gap['metric'])} by {_short(gap['column'])}: {low}, {high}, {gap['gap']} apart."


def _said(found: Mapping[str, Any]) -> str:
    """A finding; many of one kind are their number and the worst."""
    message = _message(found["message"], found["label"])
    return (
        f"{found['many']} findings of one kind ({found['kind']}), such as: {message}"
        if found["many"]
        else message
    )


# -- where the errors are ----------------------------------------------------------------------------


def _matrix(summary: Summary) -> Iterator[str]:
    matrix = Matrix(summary)
    labels = matrix.labels
    said = (
        f"{count(matrix.right)} of {count(matrix.total)} {matrix.unit} "
        f"({share(matrix.right, matrix.total)}) are right."
    )
    yield "### Confusion matrix"
    if len(labels) > MATRIX_LABELS:
        yield f"{said} The matrix of {count(len(labels))} labels is in the report."
        return
    yield f"Rows are the actual label, columns the predicted one. {said}"
    cells = {(i, j): number for i, j, number in matrix.table.listed()}
    rows = [
        [f"**{_short(label)}**", *(_cell(cells, i, j) for j in range(len(labels))), count(matrix.rows[i])]
        for i, label in enumerate(labels)
    ]
    columns = ["Actual ↓ Predicted →", *(f"{_short(label)} :" for label in labels), "All :"]
    sums = ["All", *(count(matrix.columns[j]) for j in range(len(labels))), count(matrix.total)]
    yield _block(table(columns, [*rows, sums]))


def _cell(cells: Mapping[tuple[int, int], float], i: int, j: int) -> str:
    number = count(cells.get((i, j), 0))
    return f"**{number}**" if i == j else number


def _labels(summary: Summary) -> Iterator[str]:
    figures = summary["per_class_metrics"]
    weakest = by_f1(figures)[:_WEAKEST]
    if not weakest:
        return
    yield "### Weakest labels"
    if len(weakest) < len(figures):
        yield f"The {len(weakest)} of {count(len(figures))} labels with the lowest F1."
    columns = ("Label", *(f"{metric(each)} :" for each in COLUMNS), "Support :", "Predicted :")
    yield _block(table(columns, [_label(label, figures[label]) for label in weakest]))


def _label(label: str, figures: Mapping[str, Any]) -> list[str]:
    shares = [(figures[each], figures.get(f"{each}_interval")) for each in COLUMNS]
    shown = [figure(*each) + (f" ({span(each[1])})" if span(each[1]) else "") for each in shares]
    return [_short(label), *shown, count(figures["support"]), count(figures["predicted"])]


def _confusions(summary: Summary) -> Iterator[str]:
    found = confusions_view(Matrix(summary), summary, paper=True)
    if not found:
        return
    rows = [
        [_short(each["actual"]), _short(each["predicted"]), *(each[part] for part in _COUNTED)]
        for each in found["rows"][:_CONFUSIONS]
    ]
    yield "### Largest confusions"
    unit = f"{found['unit'].capitalize()} :"
    columns = (
        "Actual",
        "Predicted",
        unit,
        "Of the actual label :",
        "Of all errors :",
        "Gain in weighted F1 :",
    )
    yield _block(table(columns, rows))


_COUNTED = ("count", "of_actual", "of_errors", "gain")


def _warnings(summary: Summary) -> Iterator[str]:
    items = warnings_view(summary)
    if not items:
        return
    yield "### Warnings and findings"
    yield _block([_warning(each) for each in items[:_WARNINGS]])
    if len(items) > _WARNINGS:
        yield f"And {count(len(items) - _WARNINGS)} more, in the report."


def _warning(found: Mapping[str, Any]) -> str:
    advice = _message(found["advice"], found["label"])
    return f"- **{found['word']}** `{found['code']}`: {_said(found)} {advice}".rstrip()


def _foot(summary: Summary) -> Iterator[str]:
    digest = (summary.get("evaluation") or "")[:16] or "without a digest"
    yield f"Evaluation `{digest}`, in full in `report.html`, `report.pdf` and `summary.json`."


_SECTIONS: tuple[Callable[[Summary], Iterator[str]], ...] = (
    *(_head, _gates, _figures, _attention, _matrix, _labels, _confusions, _warnings, _foot),
)

FORMAT = Format(name="summary.md", content_type="text/markdown; charset=utf-8", render=render)
