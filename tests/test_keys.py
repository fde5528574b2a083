"""Streams that are set anew are those that are made anew."""

from __future__ import annotations

import numpy as np

from aimcsim.keys import Streams, stream


def test_a_generator_whose_key_is_set_anew_gives_the_stream_of_its_names() -> None:
    flips = Streams(3, "fc.r0c0", "chopper")
    for update in (1, 2, 7, 2):
        wanted = stream(3, "fc.r0c0", "chopper", update)
        # Not whole blocks of the generator, of two widths: nothing may be left over for the next stream.
        assert np.array_equal(flips.at(update).random(update), wanted.random(update))
        assert np.array_equal(
            flips.at(update).random(3, np.float32), stream(3, "fc.r0c0", "chopper", update).random(3, np.float32)
        )
