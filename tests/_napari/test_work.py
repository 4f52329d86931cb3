"""Long work in a thread: pace, cancel, errors, and one job at a time."""

from __future__ import annotations

import gc
import threading

import pytest
from napari.utils.notifications import notification_manager

from napari_maxrf._napari import _work
from napari_maxrf._napari._run_bar import Request, RunBar
from napari_maxrf._napari._work import Workbench, workbench
from napari_maxrf.errors import MaxrfError
from napari_maxrf.progress import Progress

WAIT_MS = 300_000


@pytest.fixture
def bench(qapp):
    return Workbench()


@pytest.fixture
def shown():
    """Collect what napari would show as notifications."""
    said = []

    def keep(notification):
        said.append(notification)

    notification_manager.notification_ready.connect(keep)
    yield said
    notification_manager.notification_ready.disconnect(keep)


def counting(n, result="done"):
    for i in range(n):
        yield Progress("Counting", i, n, {"i": float(i)})
    return result


class Endless:
    """Steps that never end, and that say in which thread they were closed."""

    def __init__(self):
        self.stopped = threading.Event()
        self.begun = threading.Event()
        self.closed_in = None

    def steps(self):
        try:
            while True:
                self.begun.set()
                yield Progress("Waiting", 0, 0)
                self.stopped.wait(0.005)
        finally:
            self.closed_in = threading.current_thread()


def refusing():
    yield Progress("Reading", 0, 1)
    raise MaxrfError("The file is no scan. Choose another.")


def breaking(error):
    yield Progress("Computing", 0, 1)
    raise error


def run(qtbot, bench, make_steps, title="Work"):
    """Run steps to their end and return what the signals told."""
    heard, told = [], {}
    job = bench.start(title, make_steps)
    job.heard.connect(lambda records: heard.extend(records))
    job.succeeded.connect(lambda result: told.update(result=result))
    job.failed.connect(lambda reason: told.update(reason=reason))
    job.cancelled.connect(lambda: told.update(cancelled=True))
    with qtbot.waitSignal(job.ended, timeout=WAIT_MS):
        pass
    return heard, told


def test_result_and_every_record_arrive_in_the_main_thread(qtbot, bench):
    threads = set()
    job = bench.start("Count", lambda: counting(5000))
    job.heard.connect(lambda records: threads.add(threading.current_thread()))
    values = []
    job.heard.connect(lambda records: values.extend(r.values["i"] for r in records))
    with qtbot.waitSignal(job.succeeded, timeout=WAIT_MS) as blocker:
        pass
    assert blocker.args == ["done"]
    assert values == [float(i) for i in range(5000)]
    assert threads == {threading.main_thread()}


def test_records_are_bunched(qtbot, bench):
    bunches = []
    job = bench.start("Count", lambda: counting(5000))
    job.heard.connect(bunches.append)
    with qtbot.waitSignal(job.ended, timeout=WAIT_MS):
        pass
    assert len(bunches) < 500


def test_steps_are_made_in_the_worker(qtbot, bench):
    made_in = []

    def make():
        made_in.append(threading.current_thread())
        return counting(1)

    run(qtbot, bench, make)
    assert made_in != [threading.main_thread()]


def test_cancel_closes_the_steps_in_their_own_thread(qtbot, bench):
    work = Endless()
    job = bench.start("Wait", work.steps)
    qtbot.waitUntil(work.begun.is_set, timeout=WAIT_MS)
    with qtbot.waitSignals([job.cancelled, job.ended], timeout=WAIT_MS):
        job.cancel()
    assert work.closed_in not in (None, threading.main_thread())
    assert bench.job is None


def test_refusal_is_shown_as_one_line_without_traceback(qtbot, bench, shown):
    _, told = run(qtbot, bench, refusing, title="Embed")
    assert told == {"reason": "The file is no scan. Choose another."}
    assert [one.message for one in shown] == [
        "Embed: The file is no scan. Choose another."
    ]
    assert "traceback" not in type(shown[0]).__name__.lower()


@pytest.mark.parametrize("error", [RuntimeError("no room\non device"), MemoryError()])
def test_error_of_torch_frees_the_bench(qtbot, bench, shown, error):
    _, told = run(qtbot, bench, lambda: breaking(error))
    assert told["reason"] in ("no room", "MemoryError")
    assert bench.job is None
    assert len(shown) == 1


def test_unforeseen_error_is_handed_to_napari(qtbot, bench, monkeypatch):
    received = []
    monkeypatch.setattr(
        notification_manager, "receive_error", lambda *args: received.append(args)
    )
    error = KeyError("gain")
    _, told = run(qtbot, bench, lambda: breaking(error))
    assert "Unexpected error" in told["reason"]
    assert [args[1] for args in received] == [error]


def test_second_work_is_refused_while_the_first_goes_on(qtbot, bench):
    work = Endless()
    job = bench.start("Wait", work.steps)
    with pytest.raises(MaxrfError, match="Wait until “Wait” is done"):
        bench.start("Other", lambda: counting(1))
    with qtbot.waitSignal(job.ended, timeout=WAIT_MS):
        job.cancel()
    assert run(qtbot, bench, lambda: counting(1))[1] == {"result": "done"}


def test_widgets_of_one_viewer_share_a_bench(qapp, viewer):
    from napari.components import ViewerModel

    bench = workbench(viewer)
    assert workbench(viewer) is bench
    assert workbench(ViewerModel()) is not bench


def test_bench_goes_with_the_last_widget(qapp, viewer):
    workbench(viewer)
    gc.collect()
    assert id(viewer) not in _work._BENCHES


def test_activity_bar_follows_stages(qapp):
    bar = _work.ActivityBar("Train", print)
    bar.show(Progress("Reading", 3, 10))
    assert (bar._bar.n, bar._bar.total) == (3, 10)
    bar.show(Progress("Fitting", 1, 4))
    assert (bar._bar.n, bar._bar.total) == (1, 4)
    assert "Train: Fitting" in bar._bar.desc
    bar.close()


def test_button_of_the_bar_stops_the_work(qtbot, bench):
    endless = Endless()
    job = bench.start("Wait", endless.steps)
    qtbot.waitUntil(lambda: job._bar._bar is not None, timeout=WAIT_MS)
    with qtbot.waitSignal(job.cancelled, timeout=WAIT_MS):
        job._bar._bar.cancel()
    assert endless.closed_in is not None


def test_bar_that_is_closed_while_it_is_drawn_goes_away(qapp):
    """Drawing lets other slots run, and one of them may end the work."""
    bar = _work.ActivityBar("Train", print)
    bar.show(Progress("Reading", 3, 10))
    bar._bar.events.description.connect(lambda event: bar.close())
    bar.show(Progress("Fitting", 1, 4))
    assert bar._bar.disable


def test_no_bar_is_made_before_the_first_record(qapp):
    bar = _work.ActivityBar("Train", print)
    assert bar._bar is None
    bar.close()


class TestRunBar:
    """The button under each widget."""

    @pytest.fixture
    def make(self, qtbot, bench):
        def make(request):
            bar = RunBar(bench, "Embed", "Embed it.", request)
            qtbot.addWidget(bar)
            bar.show()
            return bar

        return make

    def test_line_of_the_request_is_shown_in_the_end(self, qtbot, make):
        request = Request("Embed", lambda: counting(3), lambda result: f"Is {result}.")
        bar = make(lambda: request)
        bar.button.click()
        assert bar.is_running
        assert bar.button.text() == "Cancel"
        qtbot.waitUntil(lambda: not bar.is_running, timeout=WAIT_MS)
        assert bar.line.text() == "Is done."
        assert bar.button.text() == "Embed"
        assert not bar.bar.isVisible()

    def test_press_while_running_cancels(self, qtbot, make):
        work = Endless()
        request = Request("Wait", work.steps, str, cancelled=lambda: "Kept 3 of 9.")
        bar = make(lambda: request)
        bar.button.click()
        qtbot.waitUntil(work.begun.is_set, timeout=WAIT_MS)
        bar.button.click()
        qtbot.waitUntil(lambda: not bar.is_running, timeout=WAIT_MS)
        assert bar.line.text() == "Kept 3 of 9."

    def test_refusal_of_the_core_stays_in_sight(self, qtbot, make):
        bar = make(lambda: Request("Read", refusing, str))
        bar.button.click()
        qtbot.waitUntil(lambda: not bar.is_running, timeout=WAIT_MS)
        assert bar.line.text() == "The file is no scan. Choose another."
        assert bar.button.isEnabled()

    def test_bad_request_starts_nothing(self, make, bench, shown):
        def request():
            raise MaxrfError("No pigment is ticked.")

        bar = make(request)
        bar.button.click()
        assert bench.job is None
        assert bar.line.text() == "No pigment is ticked."
        assert len(shown) == 1

    def test_error_in_adding_layers_is_shown(self, qtbot, make):
        def done(result):
            raise MaxrfError("No room for the layer.")

        bar = make(lambda: Request("Count", lambda: counting(1), done))
        bar.button.click()
        qtbot.waitUntil(lambda: not bar.is_running, timeout=WAIT_MS)
        assert bar.line.text() == "No room for the layer."

    def test_other_buttons_wait(self, qtbot, make):
        work = Endless()
        busy, idle = make(lambda: Request("Train", work.steps, str)), make(lambda: None)
        busy.button.click()
        assert not idle.button.isEnabled()
        assert "Train" in idle.button.toolTip()
        busy.button.click()
        qtbot.waitUntil(lambda: not busy.is_running, timeout=WAIT_MS)
        assert idle.button.isEnabled()
        assert idle.button.toolTip() == "Embed it."

    def test_hindrance_disables_and_explains(self, make):
        bar = make(lambda: None)
        bar.hinder("Open a picture first.")
        assert not bar.button.isEnabled()
        assert bar.button.toolTip() == "Open a picture first."
        bar.hinder("")
        assert bar.button.isEnabled()

    def test_closing_the_widget_stops_its_work(self, qtbot, bench):
        work = Endless()
        bar = RunBar(bench, "Wait", "", lambda: Request("Wait", work.steps, str))
        bar.button.click()
        qtbot.waitUntil(work.begun.is_set, timeout=WAIT_MS)
        bar.deleteLater()
        qtbot.waitUntil(lambda: bench.job is None, timeout=WAIT_MS)
        assert work.closed_in is not None
