"""Images changed at random at every visit: cut out of a padded image, mirrored, a square blotted out.

As the papers train on CIFAR (arXiv 2510.02516: pad by 4 and cut 32 × 32, mirror, cutout).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aimcsim.data.visits import of_visits
from aimcsim.keys import stream
from aimcsim.scenario.data_spec import AugmentationSpec

Images = NDArray[np.float32]

#: Places of the choices of one visit: where to cut, whether to mirror, where the square is.
CUT_ROW, CUT_COLUMN, MIRROR, SQUARE_ROW, SQUARE_COLUMN = range(5)


def choices(seed: int, first: int, count: int) -> NDArray[np.float64]:
    """Numbers in [0, 1) that decide about the samples number first … first + count − 1 of the stream, (count, 5)."""
    return of_visits(first, count, 5, lambda block, shape: stream(seed, "data", "augmentation", block).random(shape))


def augmented(images: Images, spec: AugmentationSpec, drawn: NDArray[np.float64]) -> Images:
    """`images` (n, channels, rows, columns), each changed as its row of `drawn` says; new memory."""
    _, _, rows, columns = images.shape
    pad, side = spec.crop, spec.cutout
    changed = np.empty_like(images)
    padded = np.pad(images, ((0, 0), (0, 0), (pad, pad), (pad, pad))) if pad else images
    top, left = (np.floor(drawn[:, place] * (2 * pad + 1)).astype(int) for place in (CUT_ROW, CUT_COLUMN))
    mirrored = drawn[:, MIRROR] < 0.5 if spec.flip else np.zeros(len(images), bool)
    # The square's centre is any pixel; what of it lies outside is lost, as in the method's paper (arXiv 1708.04552).
    centre_row = np.floor(drawn[:, SQUARE_ROW] * rows).astype(int)
    centre_column = np.floor(drawn[:, SQUARE_COLUMN] * columns).astype(int)
    for n in range(len(images)):
        cut = padded[n, :, top[n] : top[n] + rows, left[n] : left[n] + columns]
        changed[n] = cut[:, :, ::-1] if mirrored[n] else cut
        if side:
            up, over = centre_row[n] - side // 2, centre_column[n] - side // 2
            changed[n, :, max(up, 0) : max(up + side, 0), max(over, 0) : max(over + side, 0)] = 0.0
    return changed
