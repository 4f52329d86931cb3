"""Only the newest question is answered."""

from __future__ import annotations

import threading

import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QObject

from napari_maxrf._napari._latest import MOST_KNOWN, Latest
from napari_maxrf.errors import MaxrfError

WAIT_MS = 300_000


@pytest.fixture
def latest(qapp):
    owner = QObject()
    made = Latest(owner)
    made.heard = []
    made.answered.connect(made.heard.append)
    yield made
    owner.deleteLater()


def idle(qtbot, latest):
    qtbot.waitUntil(lambda: not latest.is_busy, timeout=WAIT_MS)


def test_answer_comes_in_the_main_thread_from_another(qtbot, latest):
    threads = []
    latest.answered.connect(lambda _: threads.append(threading.get_ident()))
    latest.ask(1, threading.get_ident)
    assert latest.heard == []
    idle(qtbot, latest)
    assert threads == [threading.get_ident()]
    assert latest.heard != threads


def test_known_answer_comes_at_once(qtbot, latest):
    latest.ask("a", lambda: "first")
    idle(qtbot, latest)
    latest.ask("a", lambda: "again")
    assert latest.heard == ["first", "first"]
    assert not latest.is_busy


def test_fast_questions_are_dropped_but_for_the_last(qtbot, latest):
    go_on, worked = threading.Event(), []

    def work(number):
        worked.append(number)
        go_on.wait(10)
        return number

    for number in range(20):
        latest.ask(number, lambda number=number: work(number))
    go_on.set()
    idle(qtbot, latest)
    assert latest.heard == [19]
    assert worked == [0, 19]


def test_known_answer_overtakes_what_is_being_worked_on(qtbot, latest):
    go_on = threading.Event()
    latest.ask("known", lambda: "known")
    idle(qtbot, latest)
    latest.ask("slow", lambda: go_on.wait(10))
    latest.ask("known", lambda: "again")
    go_on.set()
    idle(qtbot, latest)
    assert latest.heard == ["known", "known"]


def refuse():
    raise MaxrfError("It is broken.")


def break_down():
    raise RuntimeError("no memory")


@pytest.mark.parametrize(
    ("work", "words"), [(refuse, "It is broken."), (break_down, "no memory")]
)
def test_refusal_is_one_line_and_the_next_question_is_answered(
    qtbot, latest, work, words
):
    with qtbot.waitSignal(latest.failed, timeout=WAIT_MS) as failed:
        latest.ask(1, work)
    assert failed.args == [words]
    idle(qtbot, latest)
    latest.ask(2, lambda: "fine")
    idle(qtbot, latest)
    assert latest.heard == ["fine"]


def test_refusal_of_an_old_question_is_not_told(qtbot, latest):
    with qtbot.assertNotEmitted(latest.failed):
        latest.ask(1, refuse)
        latest.ask(2, lambda: "fine")
        idle(qtbot, latest)
    assert latest.heard == ["fine"]


def test_unforeseen_error_is_reported_by_napari(qtbot, latest, monkeypatch):
    reported = []
    monkeypatch.setattr(
        notification_manager, "receive_error", lambda kind, *rest: reported.append(kind)
    )
    latest.ask(1, lambda: 1 / 0)
    idle(qtbot, latest)
    assert reported == [ZeroDivisionError]
    latest.ask(2, lambda: "fine")
    idle(qtbot, latest)
    assert latest.heard == ["fine"]


def test_memory_of_answers_is_bounded(qtbot, latest):
    for number in range(MOST_KNOWN + 5):
        latest.ask(number, lambda: None)
        idle(qtbot, latest)
    assert len(latest._known) == MOST_KNOWN


def test_owner_that_goes_in_the_middle_hears_nothing_more(qtbot, qapp):
    owner, go_on, heard = QObject(), threading.Event(), []
    latest = Latest(owner)
    latest.answered.connect(heard.append)
    latest.ask(1, lambda: go_on.wait(10))
    owner.deleteLater()
    qtbot.wait(20)
    go_on.set()
    qtbot.wait(100)
    assert heard == []
