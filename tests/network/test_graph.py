from __future__ import annotations

import networkx as nx
import pytest

from aimcsim.network.graph import chain_network
from aimcsim.network.layers import Activation, Add, Dense, Input, Loss, Opaque
from tests.network.specs import add, build, dense, tanh


def test_a_layer_without_inputs_reads_the_one_before_it() -> None:
    network = build(dense("fc1", 3), tanh("act"), dense("fc2", 2))
    assert network.order == ("fc1", "act", "fc2")
    assert set(network.graph.edges) == {("input", "fc1"), ("fc1", "act"), ("act", "fc2"), ("fc2", "loss")}
    assert network.output == "fc2"
    assert network.loss == "squared"
    assert network.input_shape == (4,)


def test_layers_are_resolved_in_full() -> None:
    network = build(
        dense("fc1", 3, bias="analog"), tanh("act"), dense("fc2", 3, init_range=0.5), add("sum", "fc2", "act")
    )
    assert network.layers == {
        "input": Input(shape=(4,)),
        "fc1": Dense(name="fc1", inputs=("input",), in_size=4, out_size=3, bias="analog", init_range=0.5),  # 1/sqrt(4)
        "act": Activation(name="act", inputs=("fc1",), shape=(3,), function="tanh"),
        "fc2": Dense(name="fc2", inputs=("act",), in_size=3, out_size=3, bias="digital", init_range=0.5),
        "sum": Add(name="sum", inputs=("fc2", "act"), shape=(3,)),
        "loss": Loss(inputs=("sum",), shape=(3,), kind="squared"),
    }


def test_nodes_carry_their_layer_and_edges_the_values_per_sample() -> None:
    network = build(dense("fc1", 3), dense("fc2", 2), shape=(2, 5))
    assert {name: network.graph.nodes[name]["layer"] for name in network.graph} == network.layers
    assert list(network.graph.edges(data="size")) == [("input", "fc1", 10), ("fc1", "fc2", 3), ("fc2", "loss", 2)]


def test_only_dense_layers_live_on_arrays() -> None:
    network = build(dense("fc1", 3, bias="analog"), tanh("act"), dense("fc2", 3), add("sum", "fc2", "act"))
    assert [name for name, layer in network.layers.items() if layer.is_array] == ["fc1", "fc2"]
    assert [layer.positions for layer in network.layers.values()] == [0, 1, 0, 1, 0, 0]
    # 3 outputs × (4 inputs + the row of the analog bias); the digital bias is on no array.
    assert [layer.weights for layer in network.layers.values() if isinstance(layer, Dense)] == [15, 9]


def test_a_dense_layer_flattens_an_input_of_several_dimensions_and_others_keep_its_shape() -> None:
    network = build(tanh("act"), dense("fc", 2), shape=(1, 3, 5))
    assert network.layers["act"].shape == (1, 3, 5)
    fc = network.layers["fc"]
    assert isinstance(fc, Dense)
    assert (fc.in_size, fc.shape) == (15, (2,))


def test_layers_written_out_of_order_are_sorted_with_the_file_deciding_between_equals() -> None:
    network = build(
        add("sum", "right", "left"), dense("right", 3, "stem"), dense("left", 3, "stem"), tanh("stem", "input")
    )
    assert network.order == ("stem", "right", "left", "sum")
    assert network.output == "sum"


def test_the_graph_cannot_be_changed() -> None:
    with pytest.raises(nx.NetworkXError, match="Frozen graph"):
        build(dense("fc", 2)).graph.remove_node("fc")


def test_a_chain_is_a_row_of_opaque_layers_that_pass_one_value() -> None:
    network = chain_network(3)
    assert network.order == ("l1", "l2", "l3")
    assert list(network.graph.edges(data="size")) == [
        ("input", "l1", 1),
        ("l1", "l2", 1),
        ("l2", "l3", 1),
        ("l3", "loss", 1),
    ]
    assert network.layers["l2"] == Opaque(name="l2", inputs=("l1",))
    assert all(network.layers[name].is_array and network.layers[name].positions == 1 for name in network.order)
    assert (network.output, network.loss) == ("l3", None)
