"""The commands of the program, one module per group.

A command is a function that adds itself to the parser. Nothing heavy is
imported until the command runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

from napari_maxrf._commands import (
    _apply,
    _cache,
    _datasets,
    _defects,
    _demo,
    _evaluate,
    _files,
    _instruments,
    _maps,
    _open,
    _palettes,
    _synthesise,
    _train,
)

ALL = (
    _demo.add_demo,
    _files.add_info,
    _files.add_convert,
    _cache.add_cache,
    _defects.add_defects,
    _palettes.add_palettes,
    _instruments.add_instrument,
    _synthesise.add_synthesise,
    _maps.add_maps,
    _apply.add_embed,
    _apply.add_recolour,
    _datasets.add_dataset,
    _train.add_train,
    _evaluate.add_evaluate,
    _open.add_open,
)
