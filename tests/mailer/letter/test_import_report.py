"""A report of an import keeps what happened in order, and stays quick with a long document."""

from __future__ import annotations

import time

from mailer.letter.converting.convert import convert
from mailer.letter.import_front import front_matter
from mailer.letter.import_report import Fate, Report
from pli.language import say


def test_the_same_thing_elsewhere_adds_its_place_and_survives_json() -> None:
    report = Report()
    report.left_out(say("the words “{text}”", text="a"), "un")
    report.changed(say("the words “{text}”", text="a"), "deux")
    report.left_out(say("the words “{text}”", text="b"))
    report.left_out(say("the words “{text}”", text="a"), "trois")
    again = Report.of_document(report.as_document())
    for it in (report, again):
        assert [(one.fate, one.places) for one in it.entries] == [
            (Fate.LEFT_OUT, ["un", "trois"]),
            (Fate.CHANGED, ["deux"]),
            (Fate.LEFT_OUT, []),
        ]
    again.add_entry(report.entries[0])
    assert again.entries[0].places == ["un", "trois", "un", "trois"]


def test_ten_times_as_many_entries_take_about_ten_times_as_long() -> None:
    def seconds(n: int) -> float:
        report = Report()
        begun = time.process_time()
        for number in range(n):
            report.left_out(say("the words “{text}”", text=str(number)))
        return time.process_time() - begun

    assert min(seconds(10_000) for _ in range(3)) < 40 * min(seconds(1_000) for _ in range(3))


def test_a_guessed_date_is_told() -> None:
    report = Report()
    tree = convert("<h1>Lettre n° 3</h1><p>Réunion le 14 octobre 2025</p>", report).tree
    assert "date: 2025-10-14" in front_matter(tree, "", None, report=report)
    assert [it.tell("en") for it in report.lines(Fate.CHANGED)] == [
        "the first date, “14 octobre 2025”, became the letter's: look whether that is right"
    ]


def test_a_list_within_another_that_does_not_begin_at_1_is_told() -> None:
    report = Report()
    html = "<ol start=2><li>un<ol start=4><li>a</li></ol></li><li>deux<ol><li>b</li></ol></li></ol>"
    tree = convert(html, report).tree
    assert [it.get("start") for it in tree.iter("ol")] == ["2", None, None]
    assert [it.tell("en") for it in report.lines(Fate.CHANGED)] == [
        "a list within another begins at 1, not at 4 (after “un”)"
    ]
