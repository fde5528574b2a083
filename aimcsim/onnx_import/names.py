"""Names of layers from the names in an ONNX file, which anybody may have written."""

from __future__ import annotations

import re

from aimcsim.network.layers import INPUT, LOSS

#: As in `scenario.base.NAME_PATTERN`, with room for a number.
LONGEST = 56


class Names:
    """Gives names that a scenario allows, each once."""

    def __init__(self) -> None:
        self._taken = {INPUT, LOSS}

    def free(self, wanted: str) -> str:
        """`wanted`, with every character that a name may not have replaced, and a number where it is taken."""
        clean = re.sub(r"[^A-Za-z0-9_]+", "-", wanted).strip("-")[:LONGEST].rstrip("-") or "layer"
        name, number = clean, 1
        while name in self._taken:
            number += 1
            name = f"{clean}-{number}"
        self._taken.add(name)
        return name


def of_weight(name: str) -> str:
    """The module that a parameter belongs to: `features.0.weight` gives `features.0`."""
    return name.rsplit(".", 1)[0] if name.endswith((".weight", ".kernel", ".W")) else name
