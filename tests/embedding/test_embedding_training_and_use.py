from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dask.array as da
import h5py
import numpy as np
import pytest
import torch

from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.embedding import (
    EMBEDDING_TRAINING,
    EmbeddedImage,
    Embedder,
    EmbeddingConfig,
    EmbeddingTask,
    load_embedded,
    load_embedder,
    save_embedded,
)
from napari_maxrf.errors import (
    CalibrationError,
    FormatError,
    ModelError,
    TrainingError,
)
from napari_maxrf.training import read_model, run_training, write_model

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf.progress import Progress
    from napari_maxrf.training import TrainingConfig

CONFIG = EmbeddingConfig(ramp_start=1, ramp_end=2)
AXIS = CONFIG.axis
PALETTE = {"id": "lines", "content_hash": "0123456789abcdef"}


def spectra(n: int, seed: int, axis: EnergyAxis = AXIS) -> np.ndarray[Any, Any]:
    """Counts of six imagined pigments, one or two of them at a time."""
    rng = np.random.default_rng(seed)
    energies = axis.centres_kev
    shapes = np.array(
        [
            np.exp(-0.5 * ((energies - line) / 0.09) ** 2)
            for line in (2.3, 3.7, 6.4, 8.0, 10.5, 15.8)
        ]
    )
    shapes += 0.01 * np.exp(-energies / 10)
    shapes /= shapes.sum(1, keepdims=True)
    mixture = rng.dirichlet(np.full(6, 0.1), n)
    return rng.poisson(400 * mixture @ shapes).astype(np.uint16)


def settings(**changes: Any) -> TrainingConfig:
    quick = {"epochs": 4, "steps_per_epoch": 12, "batch_size": 128, "warmup_steps": 4}
    return EMBEDDING_TRAINING.model_copy(update=quick | changes)


def task(**changes: Any) -> EmbeddingTask:
    return EmbeddingTask(
        spectra(3000, 0),
        spectra(600, 1),
        CONFIG,
        AXIS,
        PALETTE,
        [{"process": "synthesise", "parameters": {}, "version": "1"}],
        training=settings(**changes),
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("embedding")
    run_training(task(), settings(), folder)
    return folder / "model.safetensors"


@pytest.fixture
def embedder(model: Path) -> Embedder:
    return load_embedder(model, "cpu")


def cube(
    n_y: int = 9,
    n_x: int = 14,
    axis: EnergyAxis = AXIS,
    chunks: Any = (4, 5, 64),
    seed: int = 2,
) -> SpectralCube:
    counts = spectra(n_y * n_x, seed, axis).reshape(n_y, n_x, -1)
    counts[0, 0] = 0
    return SpectralCube(
        da.from_array(counts, chunks=chunks),
        axis,
        name="panel",
        pixel_size_mm=(0.5, 0.25),
    )


# -- training ----------------------------------------------------------------


def test_a_batch_is_a_pure_function_of_its_number() -> None:
    first, second = task().batch(5)[0], task().batch(5)[0]
    assert torch.equal(first, second)
    assert not torch.equal(first, task().batch(6)[0])
    assert not torch.equal(first, task(seed=1).batch(5)[0])
    assert first.shape == (128, 512)


def test_the_first_weights_depend_on_the_seed_alone() -> None:
    torch.manual_seed(5)
    first = task().model.state_dict()["mean_head.weight"]
    torch.manual_seed(6)
    assert torch.equal(first, task().model.state_dict()["mean_head.weight"])
    assert not torch.equal(first, task(seed=1).model.state_dict()["mean_head.weight"])


def test_the_loss_is_the_weighted_sum_of_its_terms() -> None:
    job = task()
    for epoch, share in ((0, 0.0), (1, 0.0), (2, 1.0), (7, 1.0)):
        terms = job.loss(job.model, job.batch(0), epoch)
        expected = terms["rec"] + share * (
            job.config.beta_high * terms["mmd"]
            + job.config.gamma_high * terms["clustering"]
        )
        torch.testing.assert_close(terms["loss"], expected)
        assert terms["mmd"].requires_grad == (share > 0)


def test_noise_is_added_only_once_the_mmd_counts() -> None:
    job = EmbeddingTask(
        spectra(300, 0),
        spectra(60, 1),
        EmbeddingConfig(dropout=0.0, ramp_start=1, ramp_end=2),
        training=settings(),
    )

    def rec(epoch: int, seed: int) -> float:
        torch.manual_seed(seed)
        return float(job.loss(job.model, job.batch(0), epoch)["rec"].detach())

    assert rec(0, 1) == rec(0, 2)
    assert rec(5, 1) != rec(5, 2)


def test_training_learns_and_tells_its_metrics(model: Path) -> None:
    log = [json.loads(x) for x in (model.parent / "log.jsonl").read_text().splitlines()]
    assert log[-1]["val_rec"] < 0.9 * log[0]["val_rec"]
    names = {"loss", "rec", "mmd", "silhouette", "deviance", "latent_std_1"}
    assert {f"val_{name}" for name in names} <= log[0].keys()
    # Epochs before the end of the ramps are never chosen.
    _, header = read_model(model, "embedding")
    step = header["provenance"][-1]
    assert step["parameters"]["best_epoch"] >= CONFIG.ramp_end
    assert header["provenance"][0]["process"] == "synthesise"
    assert header["palette"] == PALETTE


def test_an_embedding_resumes_to_the_same_weights(model: Path, tmp_path: Path) -> None:
    run_training(task(), settings(epochs=1), tmp_path)
    run_training(task(), settings(), tmp_path, resume=True)
    whole, _ = read_model(model, "embedding")
    parts, _ = read_model(tmp_path / "model.safetensors", "embedding")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_other_spectra_are_noticed_on_resume(tmp_path: Path) -> None:
    run_training(task(), settings(epochs=1), tmp_path)
    other = EmbeddingTask(
        spectra(3000, 9), spectra(600, 1), CONFIG, AXIS, PALETTE, training=settings()
    )
    with pytest.raises(TrainingError, match=r"task.train.sample was"):
        run_training(other, settings(), tmp_path, resume=True)


def test_spectra_of_another_shape_or_axis_are_refused() -> None:
    good = spectra(10, 0)
    with pytest.raises(TrainingError, match=r"train spectra have shape \(10, 500\)"):
        EmbeddingTask(good[:, :500], good, CONFIG)
    with pytest.raises(TrainingError, match="val spectra"):
        EmbeddingTask(good, good[:1], CONFIG)
    with pytest.raises(CalibrationError, match="512 bins from 1 to 20 keV"):
        EmbeddingTask(good, good, CONFIG, EnergyAxis.from_range(1, 20, 512))


# -- application -------------------------------------------------------------


def test_latents_are_those_of_the_network(embedder: Embedder) -> None:
    counts = spectra(40, 3)
    logs = np.log1p(counts.astype(np.float64))
    x = logs / logs.max(1, keepdims=True)
    weights = {n: t.double().numpy() for n, t in embedder.network.state_dict().items()}
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    for layer in (0, 3, 6):
        x = x @ weights[f"encoder.{layer}.weight"].T
        x = scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))
    x = np.tanh(x @ weights["encoder.9.weight"].T + weights["encoder.9.bias"])
    expected = x @ weights["mean_head.weight"].T + weights["mean_head.bias"]
    np.testing.assert_allclose(embedder.latents_of(counts), expected, atol=1e-4)


@pytest.mark.parametrize("chunks", [(9, 14, 512), (1, 1, 512), (4, 5, 64), (9, 2, 300)])
def test_an_image_does_not_depend_on_the_blocks(
    embedder: Embedder, chunks: tuple[int, int, int]
) -> None:
    panel = cube(chunks=chunks)
    image = embedder.embed(panel)
    flat = np.asarray(panel.counts).reshape(-1, 512)
    expected = embedder.latents_of(flat).reshape(9, 14, 3)
    np.testing.assert_allclose(image.latents, expected, atol=1e-5)
    assert image.latents.dtype == np.float32


def test_an_image_is_stable_between_calls(embedder: Embedder, model: Path) -> None:
    first = embedder.embed(cube()).latents
    assert np.array_equal(first, embedder.embed(cube()).latents)
    assert np.array_equal(first, load_embedder(model, "cpu").embed(cube()).latents)


def test_an_image_carries_what_belongs_to_it(embedder: Embedder) -> None:
    image = embedder.embed(cube())
    assert image.name == "panel"
    assert image.pixel_size_mm == (0.5, 0.25)
    assert image.model_hash == embedder.model_hash
    assert [step.process for step in image.provenance] == ["embed"]
    assert image.warning is None
    assert image.empty.sum() == 1
    assert image.empty[0, 0]


def test_false_colours_run_over_the_percentiles_of_the_model(
    embedder: Embedder,
) -> None:
    train = embedder.latents_of(spectra(3000, 0))
    image = embedder.embed(cube())
    np.testing.assert_allclose(image.low, np.percentile(train, 1, axis=0), atol=1e-3)
    np.testing.assert_allclose(image.high, np.percentile(train, 99, axis=0), atol=1e-3)
    np.testing.assert_allclose(image.mean, train.mean(0), atol=1e-3)
    np.testing.assert_allclose(image.std, train.std(0), atol=1e-3)
    colours = image.false_colour()
    assert colours.dtype == np.float32
    assert colours.min() >= 0
    assert colours.max() <= 1
    assert not colours[0, 0].any()
    y, x = 4, 6
    expected = (image.latents[y, x] - image.low) / (image.high - image.low)
    np.testing.assert_allclose(colours[y, x], np.clip(expected, 0, 1), atol=1e-5)
    # 2 % of each channel are clipped over the training set.
    span = image.high - image.low
    inside = ((train - image.low) / span > 0) & ((train - image.low) / span < 1)
    np.testing.assert_allclose(inside.mean(0), 0.98, atol=0.005)


def test_standardised_latents_have_zero_where_nothing_was_counted(
    embedder: Embedder,
) -> None:
    image = embedder.embed(cube())
    values = image.standardised()
    assert not values[0, 0].any()
    expected = (image.latents[3, 3] - image.mean) / image.std
    np.testing.assert_allclose(values[3, 3], expected, rtol=1e-5)


def test_progress_counts_every_pixel_once(embedder: Embedder) -> None:
    records: list[Progress] = list(embedder.embed_steps(cube()))
    assert records[0].done == 0
    assert records[-1].done == records[-1].total == 9 * 14
    assert [r.done for r in records] == sorted({r.done for r in records})


def test_a_cube_on_another_axis_is_rebinned(embedder: Embedder) -> None:
    fine = EnergyAxis.from_range(0.0, 40.0, 2048)
    image = embedder.embed(cube(axis=fine))
    assert [step.process for step in image.provenance] == ["rebin", "embed"]
    assert image.warning is None
    rebinned = np.asarray(cube(axis=fine).counts).reshape(-1, 2048).astype(
        np.float32
    ) @ fine.rebinning_to(AXIS)
    expected = embedder.latents_of(rebinned).reshape(9, 14, 3)
    np.testing.assert_allclose(image.latents, expected, atol=1e-4)


def test_a_cube_that_covers_less_warns_with_both_ranges(embedder: Embedder) -> None:
    short = EnergyAxis.from_range(1.0, 29.85, 2048)
    warning = embedder.embed(cube(axis=short)).warning
    assert warning is not None
    assert "1.00 to 29.85 keV" in warning
    assert "0.50 to 38.50 keV" in warning


def test_a_cube_with_nothing_in_common_is_refused(embedder: Embedder) -> None:
    with pytest.raises(CalibrationError, match="nothing in common"):
        embedder.embed(cube(axis=EnergyAxis.from_range(50.0, 90.0, 512)))


def test_spectra_with_other_bins_are_refused(embedder: Embedder) -> None:
    with pytest.raises(CalibrationError, match="512 bins"):
        embedder.latents_of(np.zeros((4, 100)))


def test_many_spectra_go_through_in_parts(embedder: Embedder) -> None:
    counts = np.tile(spectra(500, 4), (9, 1))
    latents = embedder.latents_of(counts)
    np.testing.assert_allclose(latents[:500], latents[-500:], atol=1e-5)
    assert embedder.latents_of(counts[:0]).shape == (0, 3)


def rewritten(model: Path, path: Path, **changes: Any) -> Path:
    tensors, header = read_model(model, "embedding")
    header = {k: v for k, v in {**header, **changes}.items() if v is not None}
    write_model(path, "embedding", tensors, header)
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"latent_low": None}, "lacks latent_low"),
        ({"latent_std": [1.0]}, "lacks latent_std"),
        ({"config": {"n_bins": 700}}, "not usable"),
        ({"config": {"n_bins": 1024}}, "disagree"),
        ({"energy_axis": {"n_channels": 512}}, "not usable"),
        (
            {"config": EmbeddingConfig(n_latents=4).to_json()}
            | {f"latent_{n}": [1.0] * 4 for n in ("low", "high", "mean", "std")},
            "do not fit the network",
        ),
    ],
)
def test_a_header_that_does_not_fit_is_one_line(
    model: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = rewritten(model, tmp_path / "m.safetensors", **changes)
    with pytest.raises(ModelError, match=message) as caught:
        load_embedder(path)
    assert "\n" not in str(caught.value)


# -- the embedded image as a file --------------------------------------------


def test_an_embedded_image_comes_back_as_it_was(
    embedder: Embedder, tmp_path: Path
) -> None:
    image = embedder.embed(cube(axis=EnergyAxis.from_range(1.0, 29.85, 1024)))
    save_embedded(image, tmp_path / "e.maxrf")
    read = load_embedded(tmp_path / "e.maxrf")
    for name in EmbeddedImage.__dataclass_fields__:
        before, after = getattr(image, name), getattr(read, name)
        if isinstance(before, np.ndarray):
            assert np.array_equal(before, after), name
            assert before.dtype == after.dtype
        else:
            assert before == after, name


def test_the_file_has_the_layout_of_maxrf(embedder: Embedder, tmp_path: Path) -> None:
    save_embedded(embedder.embed(cube()), tmp_path / "e.maxrf")
    with h5py.File(tmp_path / "e.maxrf") as file:
        assert file.attrs["format"] == "maxrf"
        assert file.attrs["format_version"] == 1
        assert file["entry/embedding"].shape == (3, 9, 14)
        assert file["entry/embedding"].attrs["model_hash"] == embedder.model_hash
        assert file["entry/process_01/program"].asstr()[()] == "embed"


def test_absent_facts_stay_absent(embedder: Embedder, tmp_path: Path) -> None:
    image = replace(embedder.embed(cube()), pixel_size_mm=None)
    save_embedded(image, tmp_path / "e.maxrf")
    read = load_embedded(tmp_path / "e.maxrf")
    assert read.pixel_size_mm is None
    assert read.warning is None


def test_files_that_hold_no_embedding_are_refused(
    embedder: Embedder, tmp_path: Path
) -> None:
    path = tmp_path / "e.maxrf"
    with pytest.raises(FormatError, match="cannot be read"):
        load_embedded(path)
    path.write_bytes(b"text")
    with pytest.raises(FormatError, match="cannot be read"):
        load_embedded(path)
    with h5py.File(path, "w") as file:
        file["data"] = 1
    with pytest.raises(FormatError, match=r"not a .maxrf file"):
        load_embedded(path)
    save_embedded(embedder.embed(cube()), path)
    with h5py.File(path, "a") as file:
        del file["entry/embedding"]
    with pytest.raises(FormatError, match="holds no embedded image"):
        load_embedded(path)
    with h5py.File(path, "a") as file:
        file.attrs["format_version"] = 2
    with pytest.raises(FormatError, match="Update"):
        load_embedded(path)
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(FormatError):
        load_embedded(path)


def test_importing_the_folders_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    code = (
        "import sys, napari_maxrf.embedding, napari_maxrf.training as t;"
        "t.TrainingConfig; napari_maxrf.embedding.EMBEDDING_TRAINING;"
        "heavy = {'torch', 'accelerate', 'sklearn', 'matplotlib', 'napari'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_bright_spectra_are_seen_at_the_exposure_of_training():
    from napari_maxrf.embedding._transform import limit_counts

    counts = torch.tensor([[300.0, 100.0], [3.0, 1.0], [0.0, 0.0]])
    limited = limit_counts(counts, 40)
    torch.testing.assert_close(limited[0], torch.tensor([30.0, 10.0]))
    torch.testing.assert_close(limited[1:], counts[1:])
