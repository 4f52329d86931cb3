from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from napari_maxrf.embedding import EmbeddingConfig, EmbeddingNetwork
from napari_maxrf.embedding._network import reparametrise
from napari_maxrf.embedding._transform import as_tensor, transform
from napari_maxrf.errors import MaxrfError


@pytest.fixture(autouse=True)
def _no_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.fixture(params=[512, 1024])
def network(request: pytest.FixtureRequest) -> EmbeddingNetwork:
    torch.manual_seed(0)
    return EmbeddingNetwork(EmbeddingConfig(n_bins=request.param))


def test_parameter_totals_are_those_of_the_table(network: EmbeddingNetwork) -> None:
    encoder = sum(
        count(part)
        for part in (network.encoder, network.mean_head, network.log_variance_head)
    )
    table = {512: (174_310, 76_384, 250_694), 1024: (692_454, 304_320, 996_774)}
    bins = network.encoder[0].in_features
    assert (encoder, count(network.decoder), count(network)) == table[bins]


def test_only_the_last_layer_of_each_mlp_and_the_heads_have_a_bias(
    network: EmbeddingNetwork,
) -> None:
    for mlp in (network.encoder, network.decoder):
        linear = [m for m in mlp if isinstance(m, nn.Linear)]
        assert len(linear) == 4
        assert [m.bias is not None for m in linear] == [False, False, False, True]
        kinds = [type(m) for m in mlp]
        assert kinds == [nn.Linear, nn.SELU, nn.AlphaDropout] * 3 + [nn.Linear]
    assert network.mean_head.bias is not None
    assert network.log_variance_head.bias is not None


def test_weights_start_with_the_variance_selu_asks_for(
    network: EmbeddingNetwork,
) -> None:
    for module in network.modules():
        if isinstance(module, nn.Linear) and module.weight.numel() > 5000:
            expected = math.sqrt(1 / module.in_features)
            found = float(module.weight.detach().std())
            assert found == pytest.approx(expected, rel=0.05)
            assert abs(float(module.weight.detach().mean())) < 0.05 * expected


def test_hidden_values_stay_normalised() -> None:
    torch.manual_seed(0)
    network = EmbeddingNetwork(EmbeddingConfig(dropout=0.0))
    hidden = network.encoder[:9](torch.randn(4000, 512))
    assert abs(float(hidden.mean())) < 0.15
    assert float(hidden.std()) == pytest.approx(1, abs=0.2)


def test_shapes_and_ranges(network: EmbeddingNetwork) -> None:
    bins = network.encoder[0].in_features
    out = network(torch.rand(7, bins), sample=True)
    assert out.reconstruction.shape == (7, bins)
    assert out.mean.shape == out.log_variance.shape == out.sample.shape == (7, 3)
    assert out.reconstruction.min() > 0
    assert out.reconstruction.max() < 1


def test_encode_is_the_mean_of_forward(network: EmbeddingNetwork) -> None:
    network.eval()
    spectra = torch.rand(5, network.encoder[0].in_features)
    out = network(spectra)
    torch.testing.assert_close(network.encode(spectra), out.mean)
    torch.testing.assert_close(out.sample, out.mean)


def test_samples_have_the_stated_mean_and_variance() -> None:
    torch.manual_seed(0)
    mean = torch.tensor([1.0, -2.0, 0.5]).expand(50_000, 3)
    log_variance = torch.tensor([0.0, 2.0, -3.0]).expand(50_000, 3)
    z = reparametrise(mean, log_variance, sample=True)
    torch.testing.assert_close(z.mean(0), mean[0], atol=0.05, rtol=0)
    torch.testing.assert_close(z.var(0), log_variance[0].exp(), atol=0, rtol=0.03)
    assert torch.equal(reparametrise(mean, log_variance, sample=False), mean)


def test_the_transform_is_that_of_numpy() -> None:
    counts = np.random.default_rng(0).poisson(3.0, (50, 64)).astype(np.uint16)
    counts[3] = 0
    logs = np.log1p(counts.astype(np.float64))
    expected = logs / np.where(logs.max(1) > 0, logs.max(1), 1)[:, None]
    result = transform(as_tensor(counts)).numpy()
    np.testing.assert_allclose(result, expected, atol=1e-6)
    assert result.dtype == np.float32
    assert not result[3].any()
    assert (np.delete(result.max(1), 3) == 1).all()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "uint32", "float64"])
def test_the_transform_takes_any_counts(dtype: str) -> None:
    counts = np.array([[0, 1, 3]]).astype(dtype)
    np.testing.assert_allclose(transform(as_tensor(counts))[0], [0, 0.5, 1], atol=1e-6)


def test_the_largest_counts_are_not_wrapped() -> None:
    counts = np.array([[0, 65_535]], np.uint16), np.array([[0, 2**32 - 1]], np.uint32)
    for spectrum in counts:
        assert transform(as_tensor(spectrum)).tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n_bins": 600}, "n_bins"),
        ({"low_kev": 20.0, "high_kev": 10.0}, r"high_kev \(10\).*low_kev \(20\)"),
        ({"ramp_start": 9, "ramp_end": 3}, r"ramp_end \(3\).*ramp_start \(9\)"),
        ({"clustering": "dbscan"}, "clustering"),
        ({"cluster_counts": (1,)}, "cluster_counts"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    values: dict[str, object], message: str
) -> None:
    with pytest.raises(MaxrfError, match=message):
        EmbeddingConfig.checked(**values)


def test_the_default_axis_is_that_of_the_method() -> None:
    axis = EmbeddingConfig().axis
    assert axis.range_kev == pytest.approx((0.5, 38.5))
    assert axis.n_channels == 512
    assert axis.gain_kev == pytest.approx(0.0742, abs=1e-4)
