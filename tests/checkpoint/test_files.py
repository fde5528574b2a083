"""Whatever is wrong with a checkpoint or its folder is said, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimcsim.checkpoint import container, identity
from aimcsim.checkpoint.container import read_container, write_container
from aimcsim.checkpoint.folder import CheckpointFolder
from aimcsim.errors import CheckpointError
from aimcsim.scenario.spec import Scenario
from aimcsim.training import session
from tests.checkpoint.runs import CHAIN, in_pieces, piece, small, stopped, whole
from tests.cli.command import files_in


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return stopped(tmp_path_factory.mktemp("sound"), 40, scenario=small("async")).read_bytes()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_file_of_which_any_bit_is_altered_is_refused(
    tmp_path_factory: pytest.TempPathFactory, sound: bytes, data: st.DataObject
) -> None:
    # The head is a hundred bytes of tens of thousands: half of the examples go there.
    at = data.draw(st.integers(0, 130) | st.integers(0, len(sound) - 1))
    altered = bytearray(sound)
    altered[at] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path_factory.mktemp("altered") / "c"
    path.write_bytes(altered)
    with pytest.raises(CheckpointError, match=r"damaged|has format"):
        read_container(path)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_file_that_is_cut_anywhere_or_has_something_behind_it_is_refused(
    tmp_path_factory: pytest.TempPathFactory, sound: bytes, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("cut") / "c"
    path.write_bytes(sound[: data.draw(st.integers(0, len(sound) - 1))])
    with pytest.raises(CheckpointError, match="damaged"):
        read_container(path)
    path.write_bytes(sound + data.draw(st.binary(min_size=1, max_size=9)))
    with pytest.raises(CheckpointError, match="damaged"):
        read_container(path)


def test_a_newer_format_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "FORMAT", 5)
    write_container(tmp_path / "c", {}, [])
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match=r"c has format 5; this version of aimcsim reads format 4$"):
        read_container(tmp_path / "c")


def refused(path: Path, match: str, scenario: Scenario = CHAIN, **options: Any) -> None:
    """Going on is refused with a message, and nothing in the folder changes."""
    before = files_in(path.parent)
    with pytest.raises(CheckpointError, match=match):
        piece(scenario, path.parent, None, **options)
    assert files_in(path.parent) == before


def test_an_altered_checkpoint_is_refused_and_the_one_before_it_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    newest = stopped(tmp_path, 20, 40, 60)
    newest.write_bytes(newest.read_bytes()[:-1])
    refused(newest, r"000003.checkpoint is damaged.*; without this file, --resume goes on from 000002.checkpoint")
    newest.unlink()
    found = in_pieces(CHAIN, newest.parent, [])
    assert found.left(tmp_path / "found") == whole(CHAIN).left(tmp_path / "whole")


def test_the_last_two_checkpoints_are_kept(tmp_path: Path) -> None:
    newest = stopped(tmp_path, 10, 20, 30, 40)
    names = {entry.name for entry in newest.parent.iterdir()}
    assert names == {"lock", "000001.rows", "000003.checkpoint", "000004.checkpoint"}


def test_rows_that_are_altered_or_gone_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aimcsim.trace.oplog.ROW_GROUP", 5)
    newest = stopped(tmp_path, 40)
    rows = newest.with_name("000001.rows")
    content = rows.read_bytes()
    for altered in (content[:-1], bytes([content[0] ^ 1]) + content[1:]):
        rows.write_bytes(altered)
        refused(newest, r"000001.rows, which the checkpoint refers to, is truncated or altered")
    rows.unlink()
    before = files_in(newest.parent)
    with pytest.raises(CheckpointError, match=r"000001.rows, which the checkpoint refers to, is missing"):
        piece(CHAIN, newest.parent, None)
    assert files_in(newest.parent) == before
    # What a killed run has written behind its last checkpoint is done again.
    rows.write_bytes(content + b"more")
    found = in_pieces(CHAIN, newest.parent, [])
    assert found.left(tmp_path / "found") == whole(CHAIN).left(tmp_path / "whole")


def test_a_checkpoint_of_another_scenario_or_version_or_without_numbers_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = stopped(tmp_path, 40, scenario=small("async"))
    other = small("async", seed=4)
    refused(newest, r"belongs to another scenario: it has `seed: 3` where this one has `seed: 4`$", other)
    refused(newest, r"belongs to a run with training, this is one without", small("async"), train=False)
    monkeypatch.setattr(identity, "__version__", "9.9.9")
    refused(newest, r"was written by aimcsim \d+\.\d+\.\d+; this is 9\.9\.9", small("async"))


def test_a_checkpoint_from_before_the_samples_changed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = stopped(tmp_path, 40, scenario=small("async"))
    load = session.load_dataset
    monkeypatch.setattr(session, "load_dataset", lambda spec, seed: replaced(load(spec, seed)))
    refused(newest, "belongs to a run on other data", small("async"))


def replaced(dataset: Any) -> Any:
    return replace(dataset, test_y=np.roll(dataset.test_y, 1))


def test_a_sound_file_with_other_fields_in_it_is_refused(tmp_path: Path) -> None:
    newest = stopped(tmp_path, 40)
    document, arrays = read_container(newest)
    document["machine"]["MachineState"]["more"] = 1
    newest.unlink()
    write_container(newest, document, arrays)
    refused(newest, "does not hold what this version of aimcsim writes")


def test_a_folder_serves_one_run_at_a_time(tmp_path: Path) -> None:
    mine = CheckpointFolder(tmp_path / "c")
    with pytest.raises(CheckpointError, match="c is in use by another run"):
        CheckpointFolder(tmp_path / "c")
    mine.close()
    CheckpointFolder(tmp_path / "c").close()
    assert not (tmp_path / "c").exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").write_text("cat")
    (tmp_path / "link").symlink_to(tmp_path)
    for name, match in (("file", "is no folder"), ("photos", "holds cat.png"), ("link", "is no folder")):
        with pytest.raises(CheckpointError, match=match):
            CheckpointFolder(tmp_path / name)
    assert set(files_in(tmp_path)) == {"file", "photos/cat.png"}


def test_a_full_disk_ends_the_run_with_the_older_checkpoints_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = stopped(tmp_path, 20, 40)
    before = files_in(newest.parent)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    for place in ("zipfile.ZipFile.writestr", "aimcsim.checkpoint.container.os.fsync"):
        monkeypatch.setattr(place, full)
        with pytest.raises(OSError, match="No space left"):
            piece(CHAIN, newest.parent, 60)
        monkeypatch.undo()
        assert files_in(newest.parent) == before
    found = in_pieces(CHAIN, newest.parent, [])
    assert found.left(tmp_path / "found") == whole(CHAIN).left(tmp_path / "whole")
