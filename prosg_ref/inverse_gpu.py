"""The Triton kernel of `prosg_ref.inverse`."""

import triton
import triton.language as tl


@triton.jit
def sweep(m, out, stride, row_stride, size: tl.constexpr):
    """Sweep every pivot of a symmetric positive definite matrix, which leaves minus its inverse; a program holds one matrix."""
    i = tl.arange(0, size)
    place = tl.program_id(0).to(tl.int64)
    x = tl.load(m + place * stride + i[:, None] * row_stride + i[None, :])
    for k in range(size):
        on = i == k
        row = tl.sum(tl.where(on[:, None], x, 0.0), 0)
        column = tl.sum(tl.where(on[None, :], x, 0.0), 1)
        pivot = 1.0 / tl.sum(tl.where(on, row, 0.0), 0)
        row, column = row * pivot, tl.where(on, 0.0, column)
        swept = x - column[:, None] * row[None, :]  # the pivot's row stays
        swept = tl.where(on[:, None], row[None, :], swept)
        swept = tl.where(on[None, :], tl.where(on, -pivot, column * pivot)[:, None], swept)
        x = swept
    tl.store(out + place * size * size + i[:, None] * size + i[None, :], -x)
