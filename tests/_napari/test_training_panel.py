"""The Train tab: a real training of a small model, stopped and resumed."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QWidget

from napari_maxrf._napari._loss_plot import MOST_POINTS, LossPlot
from napari_maxrf._napari._plan_form import PlanForm
from napari_maxrf._napari._training_panel import TrainingPanel
from napari_maxrf._napari._work import Workbench
from napari_maxrf.errors import MaxrfError
from napari_maxrf.pipeline import EmbeddingPlan, RecolouringPlan
from napari_maxrf.progress import Progress

WAIT_MS = 300_000


class Spectra(QWidget):
    """Material of random spectra, trained on without the pipeline before it."""

    def make_steps(self, plan, out, resume):
        def steps():
            from napari_maxrf.embedding import EmbeddingTask
            from napari_maxrf.training import train

            rng = np.random.default_rng(0)
            spectra = rng.poisson(1.0, (64, 512)).astype(np.uint16)
            task = EmbeddingTask(
                spectra, spectra, plan.embedding, training=plan.training
            )
            result = yield from train(task, plan.training, out, resume=resume)
            return result.model_path

        return steps


@pytest.fixture
def bench(qapp):
    return Workbench()


def panel_of(qtbot, bench, epochs, steps_per_epoch=2):
    panel = TrainingPanel(bench, EmbeddingPlan(), Spectra(), "loss")
    qtbot.addWidget(panel)
    quick = {"epochs": epochs, "steps_per_epoch": steps_per_epoch, "batch_size": 8}
    for name, value in (quick | {"warmup_steps": 1}).items():
        panel.plan_form.length.fields[name].set(value)
    return panel


def run(qtbot, panel):
    panel.run_bar.button.click()
    qtbot.waitUntil(lambda: not panel.run_bar.is_running, timeout=WAIT_MS)


def test_training_gives_a_model_and_its_curve(qtbot, bench, tmp_path):
    panel = panel_of(qtbot, bench, epochs=3)
    panel.out.set(tmp_path / "run")
    with qtbot.waitSignal(panel.trained, timeout=WAIT_MS) as trained:
        panel.run_bar.button.click()
    assert trained.args == [tmp_path / "run" / "model.safetensors"]
    assert trained.args[0].exists()
    qtbot.waitUntil(lambda: not panel.run_bar.is_running, timeout=WAIT_MS)
    assert len(panel.plot.points["val_loss"]) == 3
    assert panel.plot.points["loss"]


def test_stopped_training_goes_on_to_the_same_model(qtbot, bench, tmp_path):
    from napari_maxrf.training import read_header

    whole = panel_of(qtbot, bench, epochs=2, steps_per_epoch=30)
    whole.out.set(tmp_path / "whole")
    run(qtbot, whole)

    panel = panel_of(qtbot, bench, epochs=2, steps_per_epoch=30)
    panel.out.set(tmp_path / "parts")
    panel.run_bar.button.click()
    assert panel.run_bar.button.text() == "Stop"
    qtbot.waitUntil(lambda: bool(panel.plot.points), timeout=WAIT_MS)
    panel.run_bar.button.click()
    qtbot.waitUntil(lambda: not panel.run_bar.is_running, timeout=WAIT_MS)
    assert panel.run_bar.line.text().startswith("Stopped. The model so far")
    assert panel.resume.isChecked()
    assert (tmp_path / "parts" / "checkpoint.pt").exists()

    run(qtbot, panel)
    assert panel.run_bar.line.text().startswith("Trained.")
    hashes = [
        read_header(tmp_path / part / "model.safetensors")["model_hash"]
        for part in ("whole", "parts")
    ]
    assert hashes[0] == hashes[1]


def test_folder_with_a_training_is_not_written_over(qtbot, bench, tmp_path):
    panel = panel_of(qtbot, bench, epochs=1)
    panel.out.set(tmp_path)
    run(qtbot, panel)
    run(qtbot, panel)
    assert "already holds a training" in panel.run_bar.line.text()


def test_resuming_with_other_settings_is_refused(qtbot, bench, tmp_path):
    panel = panel_of(qtbot, bench, epochs=1)
    panel.out.set(tmp_path)
    run(qtbot, panel)
    panel.plan_form.length.fields["batch_size"].set(9)
    panel.resume.setChecked(True)
    run(qtbot, panel)
    assert "batch_size" in panel.run_bar.line.text()


def test_missing_folder_is_one_clear_line(qtbot, bench):
    panel = panel_of(qtbot, bench, epochs=1)
    panel.run_bar.button.click()
    assert panel.run_bar.line.text() == (
        "The folder of the training is empty. Choose a folder."
    )
    assert bench.job is None


class TestPlanForm:
    """The settings of a training."""

    @pytest.mark.parametrize("plan", [EmbeddingPlan(), RecolouringPlan()])
    def test_untouched_form_gives_back_the_plan(self, qtbot, plan):
        form = PlanForm(plan)
        qtbot.addWidget(form)
        assert form.plan() == plan

    def test_changes_reach_every_part(self, qtbot):
        form = PlanForm(RecolouringPlan())
        qtbot.addWidget(form)
        form.form.fields["size"].set(128)
        form.parts["recolouring"].fields["network"].set("smalluvit")
        form.parts["synthesis"].fields["counts"].set(900.0)
        form.length.fields["max_minutes"].set(7.0)
        plan = form.plan()
        assert (plan.size, plan.recolouring.network) == (128, "smalluvit")
        assert (plan.synthesis.counts, plan.training.max_minutes) == (900.0, 7.0)

    def test_only_palette_and_length_are_in_sight(self, qtbot):
        form = PlanForm(EmbeddingPlan())
        qtbot.addWidget(form)
        form.show()
        assert form.palette_combo.isVisible()
        seen = [
            name
            for part in (form.form, *form.parts.values())
            for name, field in part.fields.items()
            if field.widget.native.isVisible()
        ]
        assert seen == ["epochs", "max_minutes"]

    def test_value_out_of_bounds_is_refused(self, qtbot):
        form = PlanForm(EmbeddingPlan())
        qtbot.addWidget(form)
        form.parts["embedding"].fields["cluster_counts"].widget.value = "1"
        with pytest.raises(MaxrfError, match="cluster_counts"):
            form.plan()


class TestLossPlot:
    """The live curves."""

    @pytest.fixture
    def plot(self, qtbot):
        made = LossPlot("ms_ssim")
        qtbot.addWidget(made)
        return made

    def test_hidden_until_the_first_value(self, plot):
        plot.add([Progress("Reading", 0, 3)])
        plot.draw()
        assert plot.isHidden()
        assert not plot.points

    def test_metric_with_a_scale_of_its_own_has_its_own_plot(self, plot):
        values = {"loss": 2.0, "val_ms_ssim": 0.8, "learning_rate": 1.0}
        plot.add([Progress("Validated", 10, 30, values)])
        plot.draw()
        assert set(plot.points) == {"loss", "val_ms_ssim"}
        assert len(plot._plots) == 2
        x, y = plot._curves["val_ms_ssim"].getData()
        assert (list(x), list(y)) == ([10], [0.8])

    def test_loss_of_both_sets_shares_one_plot(self, qtbot):
        plot = LossPlot("loss")
        qtbot.addWidget(plot)
        plot.add([Progress("Validated", 1, 3, {"loss": 2.0, "val_loss": 2.5})])
        plot.draw()
        assert len(plot._plots) == 1

    def test_repeated_values_are_kept_once(self, plot):
        plot.add([Progress("Training", i, 9, {"loss": 1.0}) for i in range(9)])
        assert plot.points["loss"] == [(0, 1.0)]

    def test_long_curve_is_thinned_but_keeps_its_ends(self, plot):
        n = MOST_POINTS + 1
        plot.add([Progress("T", i, n, {"loss": float(i)}) for i in range(n)])
        points = plot.points["loss"]
        assert len(points) < n
        assert points[0] == (0, 0.0)
        assert points[-1] == (n - 1, float(n - 1))

    def test_new_training_begins_with_an_empty_plot(self, plot):
        plot.add([Progress("T", 1, 2, {"loss": 1.0})])
        plot.draw()
        plot.start()
        assert not plot.points
        assert plot._curves["loss"].getData()[0] is None
