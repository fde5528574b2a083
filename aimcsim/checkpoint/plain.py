"""State as a JSON document and a list of arrays, and back: a closed set of types, so that nothing is ever unpickled."""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimcsim.pipeline.actions import Action
from aimcsim.pipeline.state import LinkState, MachineState, StageState, UnitState
from aimcsim.trace.metrics import StalenessSum
from aimcsim.trace.row_spool import SpoolMark

Arrays = list[NDArray[Any]]

#: The data classes that a state may hold, by name. A field more or less makes another format (`container.FORMAT`).
CLASSES: dict[str, Any] = {
    cls.__name__: cls for cls in (MachineState, UnitState, StageState, LinkState, StalenessSum, SpoolMark)
}


class Packer:
    """Turns state into what JSON can say; arrays go into `arrays`, one that is met again only once."""

    def __init__(self) -> None:
        self.arrays: Arrays = []
        self._numbers: dict[int, int] = {}

    def pack(self, value: Any) -> Any:
        """`value` as JSON. Raises TypeError for what a checkpoint can not hold."""
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"float": str(value)}
        if isinstance(value, np.ndarray):
            return {"array": self._number(value)}
        if isinstance(value, list):
            return [self.pack(item) for item in value]
        if isinstance(value, dict):
            return {"dict": [[self.pack(key), self.pack(item)] for key, item in value.items()]}
        if isinstance(value, set):
            return {"set": [self.pack(item) for item in sorted(value)]}
        for name, (cls, _) in _SEQUENCES.items():
            if type(value) is cls:
                return {name: [self.pack(item) for item in value]}
        name = type(value).__name__
        if CLASSES.get(name) is type(value):
            return {name: {field.name: self.pack(getattr(value, field.name)) for field in dataclasses.fields(value)}}
        raise TypeError(f"a checkpoint can not hold a {type(value).__name__}")

    def _number(self, values: NDArray[Any]) -> int:
        # By identity: `arrays` keeps what it has seen alive, so that no id is used twice.
        number = self._numbers.setdefault(id(values), len(self.arrays))
        if number == len(self.arrays):
            self.arrays.append(values)
        return number


_SEQUENCES: dict[str, tuple[Any, Callable[[list[Any]], Any]]] = {
    "tuple": (tuple, tuple),
    "set": (set, set),
    "deque": (deque, deque),
    "action": (Action, lambda items: Action(*items)),
}


def unpack(packed: Any, arrays: Arrays) -> Any:
    """What `Packer.pack` was given. Raises ValueError for what it can not have put out."""
    if isinstance(packed, list):
        return [unpack(item, arrays) for item in packed]
    if not isinstance(packed, dict):
        return packed
    try:
        ((kind, content),) = packed.items()
        if kind == "array":
            return arrays[content]
        if kind == "float":
            return float(content)
        if kind == "dict":
            return {unpack(key, arrays): unpack(item, arrays) for key, item in content}
        if kind in _SEQUENCES:
            return _SEQUENCES[kind][1]([unpack(item, arrays) for item in content])
        return _instance(CLASSES[kind], {name: unpack(item, arrays) for name, item in content.items()})
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise ValueError("not what this version of aimcsim writes") from error


def _instance(cls: Any, fields: dict[str, Any]) -> Any:
    names = {field.name for field in dataclasses.fields(cls)}
    if names != fields.keys():
        raise ValueError(f"{cls.__name__} has other fields")
    return cls(**fields)
