"""The published network, part by part against its description, and ours."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from napari_maxrf.recolouring import (
    DetailUViT,
    RecolouringConfig,
    SmallUViT,
    build_network,
)
from napari_maxrf.recolouring._smalluvit import ShiftedPatchTokens, shifted_copies
from napari_maxrf.recolouring._transformer import (
    DIM,
    HEAD_DIM,
    HEADS,
    Block,
    DropPath,
    LocalitySelfAttention,
    UShapedTrunk,
    off_diagonal,
)

PRINTED = 3_485_076


def count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def weights_and_biases(model: nn.Module) -> int:
    return sum(
        p.numel()
        for name, p in model.named_parameters()
        if name.rpartition(".")[2] in ("weight", "bias")
    )


@pytest.mark.parametrize("side", [128, 224, 256, 384, 512])
def test_weights_and_biases_sum_to_the_printed_number_at_any_size(side: int) -> None:
    assert weights_and_biases(SmallUViT(side)) == PRINTED


@pytest.mark.parametrize(
    ("side", "total"),
    [(224, 3_522_771), (256, 3_534_291), (384, 3_595_731), (512, 3_681_747)],
)
def test_total_with_positions_and_temperatures(side: int, total: int) -> None:
    assert count(SmallUViT(side)) == total


def test_one_block_has_the_parameters_of_the_table() -> None:
    assert weights_and_biases(Block(0.1, 0.1)) == 370_176


def test_detail_network_is_of_about_equal_size() -> None:
    assert 3_300_000 <= count(DetailUViT()) <= 3_800_000


@pytest.mark.parametrize("network", ["smalluvit", "detail"])
@pytest.mark.parametrize(("height", "width"), [(16, 16), (64, 64), (48, 112)])
def test_shape_is_kept_at_any_multiple_of_the_patch(
    network: str, height: int, width: int
) -> None:
    model = build_network(RecolouringConfig(network=network, image_size=64)).eval()
    with torch.no_grad():
        out = model(torch.randn(2, 3, height, width))
    assert out.shape == (2, 3, height, width)
    assert out.isfinite().all()


@pytest.mark.parametrize("shape", [(1, 3, 60, 64), (1, 4, 64, 64), (3, 64, 64)])
@pytest.mark.parametrize("network", ["smalluvit", "detail"])
def test_wrong_shapes_are_refused(network: str, shape: tuple[int, ...]) -> None:
    model = build_network(RecolouringConfig(network=network, image_size=64))
    with pytest.raises(ValueError, match=r"multiples of 16|N, 3, H, W"):
        model(torch.zeros(shape))


@pytest.mark.parametrize("network", ["smalluvit", "detail"])
def test_every_parameter_receives_a_gradient(network: str) -> None:
    model = build_network(RecolouringConfig(network=network, image_size=64))
    for layer in model.modules():  # zero-started layers block their own branch
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, std=0.1)
    model.eval()
    model(torch.randn(2, 3, 64, 64)).square().mean().backward()
    still = [
        n
        for n, p in model.named_parameters()
        if p.grad is None or not p.grad.abs().sum() > 0
    ]
    assert still == []


def test_shifts_go_half_a_patch_in_the_four_diagonal_directions() -> None:
    image = torch.zeros(1, 1, 32, 32)
    image[0, 0, 16, 16] = 1
    copies = shifted_copies(image, 8)[0]
    places = {tuple(c.nonzero()[0].tolist()) for c in copies}
    assert places == {(16, 16), (8, 8), (8, 24), (24, 8), (24, 24)}


def test_shifts_fill_with_zeros() -> None:
    copies = shifted_copies(torch.ones(1, 1, 16, 16), 8)[0]
    assert copies[0].sum() == 256
    assert [float(c.sum()) for c in copies[1:]] == [64.0] * 4


def test_a_token_holds_its_own_patch_of_all_copies() -> None:
    image = torch.randn(1, 3, 32, 48)
    seen = {}
    tokens = ShiftedPatchTokens()
    tokens.norm.register_forward_pre_hook(lambda _, args: seen.update(x=args[0]))
    assert tokens(image).shape == (1, 6, DIM)
    expected = shifted_copies(image, 8)[0, :, 16:32, 32:48].reshape(15 * 256)
    torch.testing.assert_close(seen["x"][0, 5], expected)


def slow_attention(layer: LocalitySelfAttention, x: torch.Tensor) -> torch.Tensor:
    """Locality self-attention written out token by token, in float64."""
    qkv = (x.double() @ layer.qkv.weight.double().T).reshape(
        x.shape[0], 3, HEADS, HEAD_DIM
    )
    out = torch.zeros(x.shape[0], HEADS, HEAD_DIM, dtype=torch.float64)
    for head in range(HEADS):
        query, key, value = qkv[:, :, head].unbind(1)
        for i in range(len(x)):
            others = [j for j in range(len(x)) if j != i]
            scores = key[others] @ query[i] * layer.temperature[head].double().exp()
            out[i, head] = torch.softmax(scores, 0) @ value[others]
    flat = out.reshape(len(x), -1)
    return flat @ layer.out.weight.double().T + layer.out.bias.double()


def test_attention_equals_the_formula_with_masked_diagonal() -> None:
    torch.manual_seed(0)
    layer = LocalitySelfAttention(dropout=0.0)
    nn.init.normal_(layer.temperature)  # differs between heads
    x = torch.randn(1, 7, DIM)
    fused = layer(x, off_diagonal(7, x.device))
    torch.testing.assert_close(
        fused[0].double(), slow_attention(layer, x[0]), rtol=1e-4, atol=1e-5
    )


def test_temperature_starts_at_the_usual_scale() -> None:
    layer = LocalitySelfAttention(0.0)
    assert layer.temperature.shape == (HEADS,)
    torch.testing.assert_close(
        layer.temperature, torch.full((HEADS,), math.log(32**-0.5))
    )


def test_a_single_token_does_not_become_nan() -> None:
    assert off_diagonal(1, torch.device("cpu")) is None
    assert UShapedTrunk(1, 0.0, 0.0)(torch.randn(2, 1, DIM)).isfinite().all()


def test_attention_in_half_precision_does_not_overflow() -> None:
    layer = LocalitySelfAttention(0.0).to(torch.bfloat16)
    x = 50 * torch.randn(1, 9, DIM, dtype=torch.bfloat16)
    assert layer(x, off_diagonal(9, x.device)).isfinite().all()


def test_feed_forward_keeps_the_order_of_the_paper() -> None:
    kinds = [type(layer) for layer in Block(0.1, 0.1).forward_layers]
    assert kinds == [nn.Linear, nn.Dropout, nn.GELU, nn.Linear, nn.Dropout]


def test_skips_are_added_last_in_first_out() -> None:
    """Blocks that add a number each make the sum a closed form."""

    class Add(nn.Module):
        def __init__(self, value: float) -> None:
            super().__init__()
            self.value = value

        def forward(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
            return 3 * x + self.value

    trunk = UShapedTrunk(2, 0.0, 0.0)
    trunk.blocks_in = nn.ModuleList([Add(1), Add(2)])
    trunk.block_mid = Add(4)
    trunk.blocks_out = nn.ModuleList([Add(8), Add(16)])
    first = 3 * 1 + 1
    second = 3 * first + 2
    third = 3 * (3 * second + 4 + second) + 8
    expected = 3 * (third + first) + 16
    assert float(trunk(torch.ones(1, 2, DIM))[0, 0, 0]) == expected


def test_stochastic_depth_rises_linearly_to_its_rate() -> None:
    trunk = SmallUViT(64, drop_path=0.12).trunk
    blocks = [*trunk.blocks_in, trunk.block_mid, *trunk.blocks_out]
    rates = [block.drop_path.rate for block in blocks]
    assert rates == pytest.approx([0, 0.02, 0.04, 0.06, 0.08, 0.10, 0.12])


def test_drop_path_drops_whole_samples_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    layer = DropPath(0.25)
    out = layer(torch.ones(4000, 2, 3))
    values = out.flatten(1)
    assert (values == values[:, :1]).all()
    assert sorted(set(values[:, 0].tolist())) == pytest.approx([0, 4 / 3])
    assert float(out.mean()) == pytest.approx(1.0, abs=0.03)
    assert layer.eval()(torch.ones(5)).tolist() == [1.0] * 5


def test_positions_of_another_size_are_interpolated() -> None:
    positions = SmallUViT(64).positions
    with torch.no_grad():
        positions.grid.copy_(torch.linspace(0, 1, 4)[None, None, :, None])
    grown = positions(8, 4)[0, :, 0].reshape(8, 4)
    assert torch.allclose(grown, grown[:, :1])
    assert (grown[1:, 0] > grown[:-1, 0]).all()
    torch.testing.assert_close(positions(4, 4)[0], positions.grid[0].flatten(1).T)
