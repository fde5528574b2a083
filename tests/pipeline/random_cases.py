"""Random scenarios of every schedule without numbers, with the oracles' orders for them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.oracles import orders as order
from tests.oracles.orders import StageOrder
from tests.oracles.vocabulary import Action, Links
from tests.pipeline.timing_machines import Triple, table_of

Orders = list[StageOrder]
Drawn = tuple[str | dict[str, Any], Orders, dict[str, Any]]


def random_triples(draws: random.Random, stages: int, chunks: int = 1) -> list[Triple]:
    """Uneven times of whole stages, which divide by the chunks; half of the updates take none."""
    return [
        (
            chunks * draws.randint(1, 5),
            chunks * draws.randint(1, 5),
            chunks * draws.choice([0, draws.randint(1, 9)]),
        )
        for _ in range(stages)
    ]


def random_links(draws: random.Random, skips: tuple[tuple[int, int], ...] = ()) -> Links:
    return Links(
        latency=draws.choice([0, 0, 1, 3]),
        occupancy=draws.choice([0, 0, 1, 2, 3, 5]),
        capacity=draws.choice([None, None, None, 1, 2, 3]),
        loss_latency=draws.choice([0, 0, 2]),
        skips=skips,
    )


def random_valid_orders(draws: random.Random, stages: int, count: int, chunks: int, weight_gradient: bool) -> Orders:
    """One mini-batch, without U, in an order that some run without links would take: a random topological order."""
    virtual = stages * chunks
    waiting = [(kind, q, k) for kind in "FBW"[: 2 + weight_gradient] for q in range(virtual) for k in range(count)]
    orders: Orders = [[] for _ in range(stages)]
    done: set[tuple[str, int, int]] = set()

    def is_ready(kind: str, q: int, k: int) -> bool:
        if kind == "F":
            return q == 0 or ("F", q - 1, k) in done
        if kind == "B":
            return ("F", q, k) in done if q == virtual - 1 else ("B", q + 1, k) in done
        return ("B", q, k) in done

    while waiting:
        chosen = draws.choice([action for action in waiting if is_ready(*action)])
        waiting.remove(chosen)
        done.add(chosen)
        kind, q, k = chosen
        orders[q % stages].append(Action(kind, k, q // stages))
    return orders


def repeated(orders: Orders, mini_batches: int, micro_batches: int) -> Orders:
    return [
        [a._replace(micro_batch=a.micro_batch + j * micro_batches) for j in range(mini_batches) for a in row]
        for row in orders
    ]


def random_table(draws: random.Random, M: int, K: int, B: int, v: int) -> Drawn:
    """A table with its updates written out, left to the flush, or left to come right after their backwards."""
    apart, update = draws.random() < 0.25, draws.choice(["flush", "after-backward", "written"])
    orders = random_valid_orders(draws, M, B, v, apart)
    pipeline: dict[str, Any] = {"chunks": v, "micro_batches": B}
    if apart:
        full = [[*row, *(Action("U", B - 1, c) for c in range(v))] for row in orders]
    elif update == "flush":
        full = [[*row, *(Action("U", k, c) for k in range(B) for c in range(v))] for row in orders]
    else:
        full = [[a for x in row for a in ((x, x._replace(kind="U")) if x.kind == "B" else (x,))] for row in orders]
    if not apart and update != "written":
        pipeline["update"] = update
    table = table_of(full if update == "written" and not apart else orders)
    return table, repeated(full, K, B), pipeline


def random_schedule(draws: random.Random, name: str, M: int, K: int, v: int) -> Drawn:
    """The scenario's words for a schedule, the oracle's orders for it, and the pipeline keys it needs."""
    B = draws.randint(1, 5)
    keys: dict[str, Any] = {"micro_batches": B}
    if name == "table":
        return random_table(draws, M, K, min(B, 4), v)
    if name in ("async", "pipedream"):
        N = B * K
        limit: Any = draws.choice([None, draws.randint(1, 5), sorted(draws.choices(range(1, 9), k=M), reverse=True)])
        return name, order.async_1f1b(M, N, limit), {"max_in_flight": limit}
    if name == "interleaved":
        B = keys["micro_batches"] = M * draws.randint(1, 2)
        return name, order.interleaved(M, K, B, v), {**keys, "chunks": v}
    if name == "pipedream-2bw":
        B = keys["micro_batches"] = M + draws.randint(0, 2)
        return name, order.pipedream_2bw(M, B * K, B), keys
    flushed: dict[str, Callable[[int, int, int], Orders]] = {
        "serial": order.serial,
        "gpipe": order.gpipe,
        "one-f-one-b": order.one_f_one_b,
        "zero-bubble-h1": order.zero_bubble_h1,
    }
    return name, flushed[name](M, K, B), keys


#: All schedules of a fixed order.
NAMES = (
    "serial",
    "gpipe",
    "one-f-one-b",
    "interleaved",
    "async",
    "pipedream",
    "pipedream-2bw",
    "zero-bubble-h1",
    "table",
)
