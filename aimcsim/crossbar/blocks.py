"""Register-blocked products of few samples with an array, as LLVM vectors: the inner loops of `products`.

numba has no way to keep a block of sums in vector registers, which is all that a product of ten samples needs; BLAS
reaches half of the machine's rate there. These intrinsics generate the block, in vectors that every target has or
that LLVM splits for it. Sums run in an order that depends on the lengths alone, so that a sample gets the same bits
whatever block it falls into.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_F32 = ir.FloatType()
_I64 = ir.IntType(64)
_I32 = ir.IntType(32)
_I1 = ir.IntType(1)

_WIDE = llvm.get_host_cpu_features().get("avx512f", False)
#: Floats of a vector. 32 registers of them hold the sums of five samples with four vectors, 16 those with two.
LANES: Final = 16 if _WIDE else 8
ROWS: Final = 4 if _WIDE else 2
SAMPLES: Final = 5

_VECTOR = ir.VectorType(_F32, LANES)
_INT_VECTOR = ir.VectorType(_I64, LANES)
_MASK = ir.VectorType(_I1, LANES)


class _Block:
    """The parts of generated code that both products share."""

    def __init__(self, context: Any, builder: Any, signature: Any, args: Any) -> None:
        self.builder = builder
        self._context = context
        self._signature = signature
        self._args = args
        name = f"llvm.fma.v{LANES}f32"
        self._fma = cgutils.get_or_insert_function(builder.module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), name)

    def matrix(self, at: int) -> tuple[Any, Any, Any]:
        """Data, rows and columns of a C-contiguous argument."""
        array = self._context.make_array(self._signature.args[at])(self._context, self.builder, self._args[at])
        rows, columns = cgutils.unpack_tuple(self.builder, array.shape, 2)
        return array.data, rows, columns

    def at(self, data: Any, row: Any, columns: Any, column: Any) -> Any:
        """Address of an element."""
        return self.builder.gep(data, [self.builder.add(self.builder.mul(row, columns), column)])

    def load(self, address: Any, mask: Any = None) -> Any:
        """LANES floats from an address; of masked lanes, zeros."""
        pointer = self.builder.bitcast(address, _VECTOR.as_pointer())
        if mask is None:
            return self.builder.load(pointer, align=4)
        zeros = ir.Constant(_VECTOR, [0.0] * LANES)
        load = ir.FunctionType(_VECTOR, [pointer.type, _I32, _MASK, _VECTOR])
        name = f"llvm.masked.load.v{LANES}f32.p0"
        function = cgutils.get_or_insert_function(self.builder.module, load, name)
        return self.builder.call(function, [pointer, ir.Constant(_I32, 4), mask, zeros])

    def store(self, value: Any, address: Any, mask: Any = None) -> None:
        """The unmasked lanes of a vector to an address."""
        pointer = self.builder.bitcast(address, _VECTOR.as_pointer())
        if mask is None:
            self.builder.store(value, pointer, align=4)
            return
        store = ir.FunctionType(ir.VoidType(), [_VECTOR, pointer.type, _I32, _MASK])
        name = f"llvm.masked.store.v{LANES}f32.p0"
        function = cgutils.get_or_insert_function(self.builder.module, store, name)
        self.builder.call(function, [value, pointer, ir.Constant(_I32, 4), mask])

    def spread(self, value: Any, element: Any) -> Any:
        """A vector of equal elements."""
        kind = ir.VectorType(element, LANES)
        one = self.builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(_I32, 0))
        order = ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES)
        return self.builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), order)

    def first(self, count: Any) -> Any:
        """The mask of the first `count` lanes."""
        numbers = ir.Constant(_INT_VECTOR, list(range(LANES)))
        return self.builder.icmp_signed("<", numbers, self.spread(count, _I64))

    def add_product(self, a: Any, b: Any, c: Any) -> Any:
        """a·b + c, rounded once."""
        return self.builder.call(self._fma, [a, b, c])

    def totals(self, vectors: list[Any]) -> list[Any]:
        """Sums of the lanes of each vector: vectors of LANES sums, in the order given. Halves upon halves are added,
        those of two vectors at a time side by side.
        """
        lanes = LANES
        while lanes > 1:
            lanes //= 2
            halves = [[k for k in range(2 * LANES) if k // lanes % 2 == high] for high in (0, 1)]
            low, high = (ir.Constant(ir.VectorType(_I32, LANES), half) for half in halves)
            if len(vectors) % 2:
                vectors = [*vectors, vectors[-1]]
            vectors = [
                self.builder.fadd(self.builder.shuffle_vector(a, b, low), self.builder.shuffle_vector(a, b, high))
                for a, b in zip(vectors[::2], vectors[1::2], strict=True)
            ]
        return vectors

    def store_part(self, vector: Any, first: int, count: int, address: Any) -> None:
        """`count` lanes of a vector, from `first` on, to an address."""
        if count == 1:
            self.builder.store(self.builder.extract_element(vector, ir.Constant(_I32, first)), address)
            return
        order = ir.Constant(ir.VectorType(_I32, count), list(range(first, first + count)))
        part = self.builder.shuffle_vector(vector, ir.Constant(_VECTOR, ir.Undefined), order)
        self.builder.store(part, self.builder.bitcast(address, part.type.as_pointer()), align=4)

    def loop(self, count: Any, sums: list[Any], step: Callable[[Any, list[Any]], list[Any]]) -> list[Any]:
        """`sums` after step(0), step(1)... step(count - 1), each of which gets the sums before it."""
        builder = self.builder
        before = builder.block
        head, body, after = (builder.append_basic_block(name) for name in ("block.head", "block.body", "block.end"))
        builder.branch(head)
        builder.position_at_end(head)
        number = builder.phi(_I64)
        held = [builder.phi(_VECTOR) for _ in sums]
        number.add_incoming(ir.Constant(_I64, 0), before)
        for phi, value in zip(held, sums, strict=True):
            phi.add_incoming(value, before)
        builder.cbranch(builder.icmp_signed("<", number, count), body, after)
        builder.position_at_end(body)
        found = step(number, held)
        number.add_incoming(builder.add(number, ir.Constant(_I64, 1)), builder.block)
        for phi, value in zip(held, found, strict=True):
            phi.add_incoming(value, builder.block)
        builder.branch(head)
        builder.position_at_end(after)
        return held


def _zeros(count: int) -> list[Any]:
    return [ir.Constant(_VECTOR, [0.0] * LANES)] * count


def row_block(rows: int, samples: int) -> Any:
    """Intrinsic (matrix, row, lines, sample, y): y[s, i] = Σ_j matrix[i, j]·lines[s, j] for a block of rows, samples.

    All three are C-contiguous float32 matrices. Lane k sums the j with j % LANES = k in their order, then the lanes
    are summed in pairs of halves.
    """

    @intrinsic
    def block(typingctx: Any, matrix: Any, row: Any, lines: Any, sample: Any, y: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            code = _Block(context, builder, signature, args)
            weights, _, length = code.matrix(0)
            values, _, _ = code.matrix(2)
            out, _, width = code.matrix(4)
            zero = ir.Constant(_I64, 0)
            heads = [code.at(weights, builder.add(args[1], ir.Constant(_I64, i)), length, zero) for i in range(rows)]
            tails = [code.at(values, builder.add(args[3], ir.Constant(_I64, s)), length, zero) for s in range(samples)]

            def step(at: Any, sums: list[Any], mask: Any = None) -> list[Any]:
                c = [code.load(builder.gep(head, [at]), mask) for head in heads]
                x = [code.load(builder.gep(tail, [at]), mask) for tail in tails]
                return [code.add_product(c[n % rows], x[n // rows], value) for n, value in enumerate(sums)]

            lanes = ir.Constant(_I64, LANES)
            whole = builder.sdiv(length, lanes)
            sums = code.loop(whole, _zeros(rows * samples), lambda k, held: step(builder.mul(k, lanes), held))
            done = builder.mul(whole, lanes)
            rest = builder.sub(length, done)
            some = builder.zext(builder.icmp_signed(">", rest, zero), _I64)
            sums = code.loop(some, sums, lambda k, held: step(done, held, code.first(rest)))
            totals = code.totals(sums)
            for s in range(samples):
                vector, first = divmod(s * rows, LANES)
                row = builder.add(args[3], ir.Constant(_I64, s))
                code.store_part(totals[vector], first, rows, code.at(out, row, width, args[1]))
            return context.get_dummy_value()

        return types.none(matrix, types.int64, lines, types.int64, y), codegen

    return block


def column_block(vectors: int, samples: int) -> Any:
    """Intrinsic (matrix, row, end, column, lines, sample, y): y[s, j] += Σ_i lines[s, i]·matrix[i, j] over i from
    `row` to `end` - 1, for a block of columns and samples.

    The block has `vectors` times LANES columns; one of a single vector may be cut short by the end of the matrix.
    Sums run in the order of i.
    """

    @intrinsic
    def block(typingctx: Any, matrix: Any, row: Any, end: Any, column: Any, lines: Any, sample: Any, y: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            code = _Block(context, builder, signature, args)
            weights, length, width = code.matrix(0)
            values, _, _ = code.matrix(4)
            out, _, _ = code.matrix(6)
            mask = code.first(builder.sub(width, args[3])) if vectors == 1 else None
            starts = [builder.add(args[3], ir.Constant(_I64, LANES * v)) for v in range(vectors)]
            rows = [builder.add(args[5], ir.Constant(_I64, s)) for s in range(samples)]
            targets = [code.at(out, row, width, start) for row in rows for start in starts]

            def step(number: Any, sums: list[Any]) -> list[Any]:
                i = builder.add(args[1], number)
                c = [code.load(code.at(weights, i, width, start), mask) for start in starts]
                found = []
                for s, row in enumerate(rows):
                    x = code.spread(builder.load(code.at(values, row, length, i)), _F32)
                    found += [code.add_product(c[v], x, sums[s * vectors + v]) for v in range(vectors)]
                return found

            before = [code.load(target, mask) for target in targets]
            sums = code.loop(builder.sub(args[2], args[1]), before, step)
            for value, target in zip(sums, targets, strict=True):
                code.store(value, target, mask)
            return context.get_dummy_value()

        number = types.int64
        return types.none(matrix, number, number, number, lines, number, y), codegen

    return block
