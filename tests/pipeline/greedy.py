"""The greedy policy cycle by cycle, without an event queue: the reference for what a stage must see at a tie."""

from __future__ import annotations

from collections.abc import Sequence

from tests.pipeline.machines import Triple


def greedy_actions(
    times: Sequence[Triple], limits: Sequence[int], total: int, latency: int = 0
) -> set[tuple[int, str, int, int, int, int]]:
    """All actions (stage from 1, kind, micro-batch, start, end, updates of the stage seen).

    In every cycle first all that ends or arrives is booked for all stages; only then do free stages choose, U before
    B before F, oldest first, F only while less than the stage's limit are in flight.
    """
    count = len(times)
    done: set[tuple[int, str, int, int, int, int]] = set()
    arrivals: dict[int, list[tuple[int, str, int]]] = {0: [(0, "F", k) for k in range(total)]}
    queues = [{"U": [], "B": [], "F": []} for _ in range(count)]
    running: list[tuple[int, str, int, int, int, int] | None] = [None] * count
    in_flight, updates = [0] * count, [0] * count
    cycle = 0
    while min(updates) < total:
        for m in range(count):
            action = running[m]
            if action is not None and action[4] == cycle:
                running[m] = None
                done.add(action)
                _, kind, k, _, end, _ = action
                if kind == "U":
                    updates[m] += 1
                    in_flight[m] -= 1
                if kind == "B":
                    queues[m]["U"].append(k)
                    if m > 0:
                        arrivals.setdefault(end + latency, []).append((m - 1, "B", k))
                if kind == "F":
                    last = m == count - 1
                    place = (m, "B", k) if last else (m + 1, "F", k)
                    arrivals.setdefault(end if last else end + latency, []).append(place)
        for m, kind, k in sorted(arrivals.pop(cycle, []), key=lambda entry: entry[2]):
            queues[m][kind].append(k)
        for m in range(count):
            while running[m] is None:
                kind = next((kind for kind in "UBF" if queues[m][kind]), None)
                if kind is None or (kind == "F" and in_flight[m] >= limits[m]):
                    break
                k = queues[m][kind].pop(0)
                length = times[m]["FBU".index(kind)]
                action = (m + 1, kind, k, cycle, cycle + length, updates[m])
                if kind == "F":
                    in_flight[m] += 1
                if length == 0:
                    done.add(action)
                    updates[m] += 1
                    in_flight[m] -= 1
                else:
                    running[m] = action
        cycle += 1
    return done
