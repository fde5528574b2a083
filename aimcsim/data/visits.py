"""Random numbers of single visits of samples: a sample that comes round again in the next epoch is another visit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Visits whose numbers are drawn together; a constant, so that they do not depend on how samples are grouped.
VISITS_TOGETHER: Final = 1024


def of_visits(
    first: int, count: int, width: int, draw: Callable[[int, tuple[int, int]], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Numbers of the samples number first … first + count − 1 of the stream, (count, width).

    `draw` gives those of a block of visits, by its number and in the shape asked for.
    """
    found = np.empty((count, width))
    done = 0
    while done < count:
        block, start = divmod(first + done, VISITS_TOGETHER)
        part = draw(block, (VISITS_TOGETHER, width))[start : start + count - done]
        found[done : done + len(part)] = part
        done += len(part)
    return found
