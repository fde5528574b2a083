from __future__ import annotations

import pytest

from tests.network.specs import add, dense, errors_of, tanh


def test_a_sound_model_has_no_errors() -> None:
    assert errors_of(dense("fc", 2)) == {}


def test_two_layers_of_one_name_are_refused() -> None:
    errors = errors_of(dense("fc", 2), tanh("act"), dense("fc", 2))
    assert errors == {"layers.2.name": "layer names must differ, model.layers.0 has this one"}


@pytest.mark.parametrize("name", ["input", "loss"])
def test_the_names_of_the_ends_are_refused(name: str) -> None:
    assert list(errors_of(dense(name, 2))) == ["layers.0.name"]


def test_an_unknown_input_is_refused_without_calling_the_meant_layer_loose() -> None:
    assert errors_of(dense("fc1", 2), dense("fc2", 2, "fx1")) == {"layers.1.inputs.0": "no layer has this name"}


def test_an_empty_list_of_inputs_is_refused() -> None:
    errors = errors_of(dense("fc1", 2) | {"inputs": []})
    assert errors == {"layers.0.inputs": "fc1 reads nothing; name a layer or leave it out"}


def test_adding_one_layer_twice_is_refused() -> None:
    assert errors_of(dense("fc", 2), add("sum", "fc", "fc")) == {"layers.1.inputs.1": "sum reads this layer twice"}


def test_a_cycle_is_named_from_its_first_layer_at_the_input_that_closes_it() -> None:
    errors = errors_of(dense("a", 4, "input"), add("b", "a", "d"), tanh("c"), tanh("d"), dense("end", 2))
    assert errors == {"layers.1.inputs.1": "the layers form a cycle: b → c → d → b"}


def test_a_cycle_beside_the_first_layer_of_its_knot_starts_at_its_own_first_layer() -> None:
    errors = errors_of(tanh("a", "e"), tanh("b", "d"), dense("end", 2, "b"), add("d", "a", "b"), tanh("e"))
    # Two cycles, a → d → e → a and b → d → b, hang together at d: one knot, one message, whichever it names.
    assert errors == {"layers.1.inputs.0": "the layers form a cycle: b → d → b"}


def test_the_message_on_a_long_cycle_leaves_out_its_middle() -> None:
    ring = [tanh(f"n{number}") for number in range(1, 4000)]
    assert errors_of(tanh("n0", "n3999"), *ring, dense("end", 2)) == {
        "layers.0.inputs.0": "the layers form a cycle: n0 → n1 → n2 → n3 → n4 → n5 → n6 → n7 → … → n3999 → n0"
    }


def test_a_layer_that_reads_itself_is_a_cycle() -> None:
    assert errors_of(tanh("a", "a"), dense("end", 2)) == {"layers.0.inputs.0": "the layers form a cycle: a → a"}


def test_every_knot_gets_one_error() -> None:
    errors = errors_of(tanh("a", "b"), tanh("b"), tanh("c", "d"), tanh("d"), dense("end", 2))
    assert errors == {
        "layers.0.inputs.0": "the layers form a cycle: a → b → a",
        "layers.2.inputs.0": "the layers form a cycle: c → d → c",
    }


def test_every_layer_that_nobody_reads_is_refused_but_the_last() -> None:
    errors = errors_of(dense("a", 2), dense("b", 2, "input"), dense("c", 2, "input"))
    what = "nobody reads {}; only the layer that the loss reads (c) may have no reader"
    assert errors == {"layers.0": what.format("a"), "layers.1": what.format("b")}


def test_an_addition_of_different_shapes_is_refused() -> None:
    errors = errors_of(dense("fc1", 48), dense("fc3", 32), add("add1", "fc1", "fc3"))
    assert errors == {"layers.2.inputs.1": "add1 adds fc1 [48] and fc3 [32]"}


def test_shapes_of_one_size_do_not_add() -> None:
    errors = errors_of(dense("fc", 6), add("sum", "input", "fc"), shape=(2, 3))
    assert errors == {"layers.1.inputs.1": "sum adds input [2, 3] and fc [6]"}


def test_a_layer_has_at_most_two_to_the_31_weights() -> None:
    assert errors_of(dense("fc", 2**15), shape=(2**16,)) == {}
    assert errors_of(dense("fc", 2**15, bias="analog"), shape=(2**16,)) == {
        "layers.0.outputs": "fc has 65537 rows × 32768 columns = 2147516416 weights, above 2^31"
    }


def test_a_sample_has_at_most_two_to_the_31_values() -> None:
    assert errors_of(tanh("act"), shape=(2**15, 2**16)) == {}
    assert list(errors_of(tanh("act"), shape=(2**16, 2**16))) == ["input"]


@pytest.mark.parametrize(("shape", "text"), [((1,), "[1]"), ((2, 2), "[2, 2]")])
def test_cross_entropy_needs_a_vector_of_two_values_or_more(shape: tuple[int, ...], text: str) -> None:
    assert errors_of(tanh("act"), shape=(2,), loss="cross-entropy") == {}
    assert errors_of(tanh("act"), shape=shape, loss="cross-entropy") == {
        "loss": f"cross-entropy needs an output of one dimension with at least 2 values, act has {text}"
    }


def test_errors_of_all_kinds_come_at_once() -> None:
    errors = errors_of(
        dense("fc1", 3),
        dense("fc1", 5),
        add("sum", "fc1", "input"),
        tanh("a", "b"),
        tanh("b"),
        dense("fc2", 2, "nowhere"),
        dense("big", 2**20, "wide"),
        dense("wide", 2**20, "input"),
    )
    assert {path: what.split(";")[0] for path, what in errors.items()} == {
        "layers.1.name": "layer names must differ, model.layers.0 has this one",
        "layers.2.inputs.1": "sum adds fc1 [3] and input [4]",
        "layers.3.inputs.0": "the layers form a cycle: a → b → a",
        "layers.5.inputs.0": "no layer has this name",
        "layers.6.outputs": "big has 1048576 rows × 1048576 columns = 1099511627776 weights, above 2^31",
    }
