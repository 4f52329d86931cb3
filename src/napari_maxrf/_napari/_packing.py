"""Fast views of a large scan: offer a packed copy, write it, show the scan from it.

The copy lies in the cache folder and may be deleted at any time. It is offered and
never made unasked. A notification is soon gone, so the command stands in a menu too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_maxrf._napari._background import start_job
from napari_maxrf._napari._exchange import exchange_cube
from napari_maxrf._napari._facts import cube_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_maxrf._napari._work import Job
    from napari_maxrf.cube import SpectralCube

BUTTON = "Prepare fast views"
MENU = "Layers > Visualize > MA-XRF > Prepare MA-XRF cube for fast views"

_RUNNING: set[str] = set()


def offer_packing(viewer: ViewerModel, cube: SpectralCube) -> None:
    """Offer fast views of a scan, unless it has them or does not need them."""
    from napari.utils.notifications import Notification, notification_manager

    from napari_maxrf.io import worth_caching

    if not worth_caching(cube) or cube.counts.name in _RUNNING:
        return
    words = (
        f"Fast views of {cube.name}? Its file gives either channels or spectra slowly. "
        f"A packed copy of its {cube.counts.nbytes / 1e9:.1f} GB of counts in the "
        f"cache folder gives both fast. Later: {MENU}."
    )
    button = (BUTTON, lambda _: pack_in_background(viewer, cube))
    notification_manager.dispatch(
        Notification(words, "info", actions=[button])  # type: ignore[list-item]
    )


def pack_selected() -> None:
    """Prepare fast views of the selected cube layer."""
    from napari import current_viewer
    from napari.utils.notifications import show_info, show_warning

    from napari_maxrf._napari._save import selected_cube
    from napari_maxrf.io.blocked._cached import is_blocked

    viewer = current_viewer()
    cube = selected_cube(viewer)
    if cube is None:
        show_warning("Select one MA-XRF cube layer first.")
    elif is_blocked(cube):
        show_info(f"{cube.name} is shown from a packed copy already.")
    else:
        pack_in_background(viewer, cube)


def pack_in_background(viewer: ViewerModel, cube: SpectralCube) -> Job | None:
    """Write the packed copy of a scan in a worker, then show the scan from it.

    Returns
    -------
    Job or None
        None if that is being done already.
    """
    from napari_maxrf._napari._preview import stop_when_removed
    from napari_maxrf.io import build_cache_steps

    name = cube.counts.name
    if name in _RUNNING:
        return None
    _RUNNING.add(name)
    job = start_job(
        f"Preparing fast views of {cube.name}",
        lambda: build_cache_steps(cube),
        lambda packed: show_packed(viewer, cube, packed),
    )
    job.ended.connect(lambda: _RUNNING.discard(name))
    stop_when_removed(viewer, cube, job)
    return job


def show_packed(viewer: ViewerModel, cube: SpectralCube, packed: SpectralCube) -> None:
    """Exchange the counts behind all layers that show those of `cube`."""
    for layer in viewer.layers:
        shown = cube_of(layer)
        if shown is not None and shown.counts.name == cube.counts.name:
            # A scan that was calibrated anew keeps its energies.
            new = replace(shown, counts=packed.counts, stored=packed.stored)
            exchange_cube(viewer, layer, new)
