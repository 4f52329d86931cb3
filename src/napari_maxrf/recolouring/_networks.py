"""Build the network a configuration names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_maxrf.recolouring._detail import DetailUViT
from napari_maxrf.recolouring._smalluvit import SmallUViT

if TYPE_CHECKING:
    from napari_maxrf.recolouring._config import RecolouringConfig


def build_network(config: RecolouringConfig) -> SmallUViT | DetailUViT:
    """Return the network of `config` with fresh weights.

    Examples
    --------
    >>> from napari_maxrf.recolouring import RecolouringConfig
    >>> type(build_network(RecolouringConfig(network="smalluvit"))).__name__
    'SmallUViT'
    """
    if config.network == "smalluvit":
        return SmallUViT(config.image_size, config.dropout, config.drop_path)
    return DetailUViT(config.dropout, config.drop_path)
