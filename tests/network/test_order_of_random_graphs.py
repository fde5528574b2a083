from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.network.specs import add, build, tanh


@st.composite
def random_models(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A random DAG of element-wise layers with one sink, in topological order and shuffled."""
    count = draw(st.integers(1, 12))
    names = ["input"]
    layers = []
    for number in range(count):
        most = min(4, len(names))
        read = draw(st.lists(st.sampled_from(names), min_size=1, max_size=most, unique=True))
        name = f"n{number}"
        layers.append(tanh(name, *read) if len(read) == 1 else add(name, *read))
        names.append(name)
    read_by_someone = {name for layer in layers for name in layer["inputs"]}
    loose = [layer["name"] for layer in layers if layer["name"] not in read_by_someone]
    if len(loose) > 1:
        layers.append(add("end", *loose))
    return layers, draw(st.permutations(layers))


@settings(deadline=None, max_examples=200)
@given(random_models())
def test_the_order_is_topological_and_keeps_a_file_that_is_so_already(
    models: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    in_order, shuffled = models
    assert build(*in_order).order == tuple(layer["name"] for layer in in_order)
    network = build(*shuffled)
    assert sorted(network.order) == sorted(layer["name"] for layer in shuffled)
    place = {name: at for at, name in enumerate(("input", *network.order))}
    assert all(place[read] < place[layer["name"]] for layer in shuffled for read in layer["inputs"])
    assert network.output == in_order[-1]["name"]
    assert all(network.layers[layer["name"]].inputs == tuple(layer["inputs"]) for layer in shuffled)
