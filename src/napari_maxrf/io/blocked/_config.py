"""How large the cache may grow, and where it lies; kept with the user's settings."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from napari_maxrf._files import write_text
from napari_maxrf._folders import cache_folder, config_folder
from napari_maxrf.config import StepConfig


class CacheConfig(StepConfig):
    """Limits of the cache of packed cubes."""

    limit_gb: float = Field(
        50.0,
        gt=0,
        description="The cubes used longest ago are deleted above this size.",
        json_schema_extra={"unit": "GB"},
        title="Size of the cache",
    )
    keep_free_gb: float = Field(
        2.0,
        ge=0,
        description="A conversion stops before less room than this is left.",
        json_schema_extra={"unit": "GB"},
        title="Room left on the disk",
    )
    folder: str | None = Field(
        None,
        description="Folder of the cache; default the user's cache folder.",
        title="Folder",
    )

    @property
    def limit_bytes(self) -> int:
        """The limit in bytes."""
        return int(self.limit_gb * 1e9)

    @property
    def place(self) -> Path:
        """The folder; it need not exist."""
        return Path(self.folder) if self.folder else cache_folder() / "cubes"


def cache_config_path() -> Path:
    """Return where the settings of the cache are kept."""
    return config_folder() / "cache.toml"


def load_cache_config() -> CacheConfig:
    """Read the user's settings of the cache, or take the defaults.

    Raises
    ------
    MaxrfError
        The file is damaged; the message names the line.
    """
    path = cache_config_path()
    return CacheConfig.from_toml(path) if path.is_file() else CacheConfig()


def save_cache_config(config: CacheConfig) -> None:
    """Keep settings for the next time.

    Raises
    ------
    MaxrfError
        The folder cannot be written to.
    """
    write_text(cache_config_path(), config.to_toml())
