from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from aimcsim.data.fit import check_data, check_data_fits
from aimcsim.data.load import load_dataset
from aimcsim.data.shapes import shape_of
from aimcsim.errors import FieldError
from aimcsim.network.graph import chain_network
from aimcsim.scenario.data_spec import DataSpec
from tests.network.specs import build, dense


def spec(name: str, **fields: Any) -> DataSpec:
    return DataSpec.model_validate({"name": name, **fields})


@pytest.mark.parametrize("shape", [(784,), (28, 28), (1, 28, 28), (28, 28, 1), (1, 784)])
def test_an_image_fits_its_own_shape_with_ones_added_or_flattened(shape: tuple[int, ...]) -> None:
    network = build(dense("fc", 10), shape=shape, loss="cross-entropy")
    assert check_data_fits(spec("mnist"), network) == []
    assert check_data_fits(spec("fashion-mnist"), network) == []


@pytest.mark.parametrize("shape", [(64,), (14, 56), (2, 392), (3, 28, 28), (783,)])
def test_other_inputs_do_not_fit(shape: tuple[int, ...]) -> None:
    network = build(dense("fc", 10), shape=shape, loss="cross-entropy")
    (error,) = check_data_fits(spec("mnist"), network)
    assert error.path == ("model", "input")
    assert error.what == f"a sample of mnist is [28, 28], the model reads {list(shape)}"


def test_the_output_has_one_value_a_class() -> None:
    network = build(dense("fc", 12), shape=(64,), loss="cross-entropy")
    (error,) = check_data_fits(spec("digits"), network)
    assert str(error) == "data.name: digits has 10 classes, the model's output fc has 12 values"


def test_least_squares_needs_its_inputs_its_outputs_and_the_squared_loss() -> None:
    data = spec("least-squares", problem={"inputs": 6, "outputs": 2})
    assert check_data_fits(data, build(dense("fc", 2), shape=(6,))) == []
    errors = check_data_fits(data, build(dense("fc", 3), shape=(5,), loss="cross-entropy"))
    assert [str(error) for error in errors] == [
        "model.input: a sample of least-squares is [6], the model reads [5]",
        "data.name: least-squares has 2 outputs, the model's output fc has 3 values",
        "model.loss: cross-entropy needs classes, least-squares has target vectors; use squared",
    ]


def test_one_value_fits_one_value() -> None:
    data = spec("least-squares", problem={"inputs": 1})
    assert check_data_fits(data, build(dense("fc", 1), shape=(1,))) == []
    assert len(check_data_fits(data, build(dense("fc", 1), shape=(2,)))) == 1


def test_no_data_and_chains_fit_everything() -> None:
    assert check_data_fits(spec("none"), build(dense("fc", 3))) == []
    assert check_data_fits(spec("digits"), chain_network(4)) == []


def test_counts_are_checked_without_the_files() -> None:
    assert check_data(spec("mnist", root="/nowhere", train=60_000, test=10_000)) == []
    assert [str(error) for error in check_data(spec("mnist", root="/nowhere", train=60_001, test=10_001))] == [
        "data.train: mnist has 60000 train samples (got 60001)",
        "data.test: mnist has 10000 test samples (got 10001)",
    ]
    assert check_data(spec("least-squares", train=2**31 // 41)) == []
    (error,) = check_data(spec("least-squares", train=2**31 // 41 + 1))
    assert error.path == ("data", "train")


def test_a_problem_beside_another_data_set_is_refused() -> None:
    (error,) = check_data(spec("digits", problem={}))
    assert str(error) == "data.problem: belongs to least-squares, the data is digits"


def test_there_is_nothing_to_load_without_data() -> None:
    assert shape_of(spec("none")) is None
    with pytest.raises(FieldError, match=r"data\.name: there is nothing to train on"):
        load_dataset(spec("none"), seed=0)


@pytest.mark.parametrize("name", ["digits", "least-squares"])
def test_the_shapes_known_beforehand_are_those_of_the_loaded_set(name: str) -> None:
    data, shape = load_dataset(spec(name), seed=0), shape_of(spec(name))
    assert shape is not None
    assert (data.input_shape, data.classes) == (shape.input, shape.classes)
    assert shape.train in (None, len(data.train_x))
    assert shape.test in (None, len(data.test_x))


def test_checking_imports_no_numpy() -> None:
    code = "import sys, aimcsim.data.fit; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
