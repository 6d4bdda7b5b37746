"""Progress as people see it, and text that is fit for a terminal."""

from __future__ import annotations

import io

from flows import progress
from flows.cli.text import figure, table


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def test_lines_where_there_is_no_terminal() -> None:
    """Each evaluation is a line with its place among all; steps only where they are asked for."""
    for level, expected in [
        (progress.EVALUATIONS, "starting\n[1/2] done\n"),
        (progress.STEPS, "starting\nreading\n[1/2] done\n"),
    ]:
        stream = io.StringIO()
        with progress.shown(stream, level):
            progress.tell("starting")
            progress.step("reading")
            progress.count(1, 2, "done")

        assert stream.getvalue() == expected


def test_a_bar_on_a_terminal() -> None:
    """A terminal has one line, drawn over and wiped at the end, with a bar that is as full as the work."""
    stream = Terminal()
    with progress.shown(stream):
        progress.count(1, 2, "good v1 test")
        progress.step("bad\x1b[2J")

    *_, first, second, last = stream.getvalue().split("\r\x1b[K")
    assert first.startswith(f"[{'█' * 12}{'·' * 12}] [1/2] good v1")
    assert second.startswith(f"[{'█' * 12}{'·' * 12}] [1/2] bad\ufffd")
    assert last == ""


def test_how_long_it_may_take() -> None:
    """As roughly as one needs to know it, behind the count; what is only passing is for terminals."""
    times = {3.4: "3 s", 99: "99 s", 100: "2 min", 3600: "60 min", 7800: "2 h 10 min"}
    assert {seconds: progress.duration(seconds) for seconds in times} == times
    lines, terminal = io.StringIO(), Terminal()
    for stream in (lines, terminal):
        with progress.shown(stream):
            progress.passing(1, 4, "m1")
            progress.count(2, 4, "m2", 185)

    assert lines.getvalue() == "[2/4] (3 min left) m2\n"
    assert "] [1/4] m1" in terminal.getvalue()
    assert "] [2/4] (3 min left) m2" in terminal.getvalue()


def test_tracebacks_only_for_those_who_look_for_bugs() -> None:
    """An error's traceback is shown at its own level alone."""
    for level, shown in [(progress.STEPS, False), (progress.TRACES, True)]:
        stream = io.StringIO()
        with progress.shown(stream, level):
            progress.detail("m failed", ZeroDivisionError("by zero"))

        assert ("ZeroDivisionError: by zero" in stream.getvalue()) == shown


def test_nothing_where_it_is_not_wanted() -> None:
    """Nobody has to listen, and afterwards nobody does."""
    stream = io.StringIO()
    with progress.shown(stream, wanted=False), progress.heard() as alone:
        progress.tell("starting")
    assert not alone
    with progress.shown(stream):
        pass
    progress.tell("over")

    assert stream.getvalue() == ""


def test_what_went_wrong_is_wanted_always() -> None:
    """Quiet is who tells of no progress, not who hides a fault."""
    stream = io.StringIO()
    with progress.shown(stream, wanted=False):
        progress.warn("the store does not answer")

    assert stream.getvalue() == "the store does not answer\n"


def test_figures_with_their_intervals() -> None:
    """Three places and the interval; an undefined figure is a dash, a missing interval is left out."""
    assert figure(0.95387, [0.95, 0.957]) == "0.954 [0.950, 0.957]"
    assert figure(None, None) == "–"
    assert figure(1.0, [None, None]) == "1.000"


def test_tables_are_aligned() -> None:
    """Columns begin below each other, wide and combining characters included; numbers end below each other."""
    text = table(("name", "rows", "x"), [("模型", "1,000", "a"), ("e\u0301", "9", "b")], right=(1,))

    assert text.splitlines() == ["name   rows  x", "模型  1,000  a", "e\u0301         9  b"]
