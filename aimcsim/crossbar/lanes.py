"""Machine operations that numba does not offer on 32-bit numbers; all of them vectorise.

numba widens `uint32` arithmetic to 64 bits and has no population count, so kernels built on its own operators
fill half of each vector register. These intrinsics keep every lane at 32 bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from aimcsim.crossbar.vectors import largest_bits

_I32 = ir.IntType(32)
_F32 = ir.FloatType()


@intrinsic
def popcount(typingctx: Any, word: Any) -> Any:
    """Number of set bits of a uint32, as int32."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int32(types.uint32), codegen


@intrinsic
def bits_of(typingctx: Any, value: Any) -> Any:
    """The 32 bits of a float32, as int32."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], _I32)

    return types.int32(types.float32), codegen


@intrinsic
def float_of(typingctx: Any, bits: Any) -> Any:
    """The float32 that has these 32 bits (int32)."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], _F32)

    return types.float32(types.int32), codegen


@intrinsic
def rint(typingctx: Any, value: Any) -> Any:
    """A float32 rounded to the nearest whole number, ties to even."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function = builder.module.declare_intrinsic("llvm.rint", [_F32])
        return builder.call(function, args)

    return types.float32(types.float32), codegen


@intrinsic
def prefetch(typingctx: Any, values: Any, place: Any) -> Any:
    """Ask for the line of cache of element `place` (uint64) of a contiguous array, flat; nothing else happens."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        pointer = builder.bitcast(builder.gep(array.data, [args[1]]), cgutils.voidptr_t)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, _I32, _I32, _I32])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        # A read, of data, into the second level.
        builder.call(function, [pointer, _I32(0), _I32(2), _I32(1)])
        return context.get_dummy_value()

    return types.void(values, types.uint64), codegen


@njit(nogil=True, cache=True)
def largest_magnitude(values: NDArray[np.float32]) -> np.float32:
    """max |v|; infinity or NaN if any value is not finite. Magnitudes of floats compare as their bits do."""
    return float_of(largest_bits(values, 0, values.shape[0]))
