"""Compiled kernels are never older than the sources they came from."""

from __future__ import annotations

from pathlib import Path

from numba import config

from aimcsim.crossbar import kernel_cache
from aimcsim.crossbar.kernel_cache import DIGITAL_KERNELS, cached_by_source, source_digest
from aimcsim.crossbar.update import update_pulsed
from aimcsim.network.losses import cross_entropy


def test_any_change_of_any_source_file_gives_another_folder(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.py").write_text("y = 2\n")
    seen = [source_digest(tmp_path)]
    for name, text in [("a.py", "x = 2\n"), ("b.py", "y = 3\n"), ("c.py", "")]:
        (tmp_path / name).write_text(text)
        seen.append(source_digest(tmp_path))
    (tmp_path / "notes.txt").write_text("not a source")
    assert len(set(seen)) == 4
    assert source_digest(tmp_path) == seen[-1]


def test_kernels_stand_in_the_folder_of_the_present_sources() -> None:
    digest = source_digest(Path(kernel_cache.__file__).parent, *DIGITAL_KERNELS)
    assert f"kernels-{digest}" in update_pulsed.stats.cache_path
    assert f"kernels-{digest}" in cross_entropy.stats.cache_path


def test_the_cache_folder_of_other_users_of_numba_is_left_as_it_was() -> None:
    before = config.CACHE_DIR
    with cached_by_source():
        assert before != config.CACHE_DIR
    assert before == config.CACHE_DIR
