"""Single vectors of 16 words, written out, for lines that are no whole number of vectors.

numba takes what is left over of a loop one element at a time, and unrolls short loops of a known length before it
looks for vectors in them. Targets with shorter vectors take several for one of these.
"""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_I32 = ir.IntType(32)
_I64 = ir.IntType(64)
#: Words of a vector.
VECTOR: Final = 16


def _address(context: Any, builder: Any, kind: Any, array: Any, start: Any) -> Any:
    """Where the vector of a contiguous array begins whose first element has the number `start`."""
    made = context.make_array(kind)(context, builder, array)
    vector = ir.VectorType(context.get_value_type(kind.dtype), VECTOR)
    return builder.bitcast(builder.gep(made.data, [start]), vector.as_pointer())


def _equal(builder: Any, value: Any) -> Any:
    """A vector of equal words."""
    undefined = ir.Constant(ir.VectorType(value.type, VECTOR), ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(_I32, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(_I32, VECTOR), [0] * VECTOR))


@intrinsic
def put_equal(typingctx: Any, target: Any, start: Any, value: Any) -> Any:
    """target[start … start + 15] = value; a contiguous float32 or uint32 array and a number of its type."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(
            _equal(builder, args[2]), _address(context, builder, signature.args[0], args[0], args[1]), align=4
        )
        return context.get_dummy_value()

    return types.void(target, types.int64, target.dtype), codegen


def _put(operation: str) -> Any:
    """Code of target[start …] = source[source_start …] (operation) value, 16 words."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        to = _address(context, builder, signature.args[0], args[0], args[1])
        loaded = builder.load(_address(context, builder, signature.args[2], args[2], args[3]), align=4)
        builder.store(getattr(builder, operation)(loaded, _equal(builder, args[4])), to, align=4)
        return context.get_dummy_value()

    return codegen


@intrinsic
def put_product(typingctx: Any, target: Any, start: Any, source: Any, source_start: Any, factor: Any) -> Any:
    """target[start + k] = source[source_start + k]·factor for 16 words, float32."""
    return types.void(target, types.int64, source, types.int64, types.float32), _put("fmul")


@intrinsic
def put_xor(typingctx: Any, target: Any, start: Any, source: Any, source_start: Any, value: Any) -> Any:
    """target[start + k] = source[source_start + k] ⊕ value for 16 words, uint32."""
    return types.void(target, types.int64, source, types.int64, types.uint32), _put("xor")


@intrinsic
def awake_lanes(typingctx: Any, words: Any, start: Any) -> Any:
    """Which of 16 words of a contiguous uint32 array, from `start` on, are not 0: bit k for word `start` + k."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        loaded = builder.load(_address(context, builder, signature.args[0], args[0], args[1]), align=4)
        awake = builder.icmp_unsigned("!=", loaded, ir.Constant(loaded.type, [0] * VECTOR))
        return builder.zext(builder.bitcast(awake, ir.IntType(VECTOR)), _I64)

    return types.int64(words, types.int64), codegen


@intrinsic
def lowest_lane(typingctx: Any, lanes: Any) -> Any:
    """Number of the lowest set bit of an int64 that is not 0."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), codegen


@intrinsic
def largest_bits(typingctx: Any, values: Any, start: Any, count: Any) -> Any:
    """The largest of the bits of |v|, as int32, over `count` elements of a contiguous float32 array; 0 for none."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, start, count = args
        vector, lanes = ir.VectorType(_I32, VECTOR), ir.Constant(_I64, VECTOR)
        zeros, magnitude = ir.Constant(vector, [0] * VECTOR), ir.Constant(vector, [0x7FFFFFFF] * VECTOR)
        tops = cgutils.alloca_once_value(builder, zeros)

        def address(at: Any) -> Any:
            place = _address(context, builder, signature.args[0], args[0], builder.add(start, at))
            return builder.bitcast(place, vector.as_pointer())

        def take(loaded: Any) -> None:
            bits, top = builder.and_(loaded, magnitude), builder.load(tops)
            builder.store(builder.select(builder.icmp_signed(">", bits, top), bits, top), tops)

        whole = builder.sdiv(count, lanes)
        with cgutils.for_range(builder, whole) as loop:
            take(builder.load(address(builder.mul(loop.index, lanes)), align=4))
        done = builder.mul(whole, lanes)
        with builder.if_then(builder.icmp_signed("<", done, count)):
            rest = _equal(builder, builder.trunc(builder.sub(count, done), _I32))
            mask = builder.icmp_signed("<", ir.Constant(vector, list(range(VECTOR))), rest)
            pointer = address(done)
            kind = ir.FunctionType(vector, [pointer.type, _I32, mask.type, vector])
            load = cgutils.get_or_insert_function(builder.module, kind, f"llvm.masked.load.v{VECTOR}i32.p0")
            take(builder.call(load, [pointer, ir.Constant(_I32, 4), mask, zeros]))
        kind = ir.FunctionType(_I32, [vector])
        reduce = cgutils.get_or_insert_function(builder.module, kind, f"llvm.vector.reduce.smax.v{VECTOR}i32")
        return builder.call(reduce, [builder.load(tops)])

    return types.int32(values, types.int64, types.int64), codegen
