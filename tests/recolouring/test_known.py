from __future__ import annotations

import numpy as np

from napari_maxrf.recolouring._known import KnownLatents


def test_far_latents_are_replaced_by_the_nearest_known_and_near_ones_stay():
    rng = np.random.default_rng(0)
    reference = rng.normal(size=(2000, 3)).astype(np.float32)
    known = KnownLatents(reference)
    image = np.concatenate([reference[:6] + 1e-4, reference[:6] + 50]).reshape(3, 4, 3)
    held, unknown = known.nearest(image.astype(np.float32))
    assert unknown.sum() == 6
    np.testing.assert_array_equal(held[~unknown], image[~unknown])
    for far, replacement in zip(image[unknown], held[unknown], strict=True):
        distance = ((reference - far) ** 2).sum(axis=1)
        np.testing.assert_array_equal(replacement, reference[distance.argmin()])


def test_reach_is_what_few_training_pixels_exceed():
    reference = np.arange(1000, dtype=np.float32)[:, None].repeat(3, axis=1)
    assert np.isclose(KnownLatents(reference).reach, np.sqrt(3))
