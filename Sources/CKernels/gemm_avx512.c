// The packed matrix product of level 3: AVX-512, tiles of 14 × 32.
#include "CKernels.h"
#include "gemm_ahead.h"
#include "kernels.h"

#if DKA_X86
#include <immintrin.h>
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), apply_to = function)

#include "simd_avx512.h"
#include "transpose_avx2.h"
#include "activations.inc.h"

#define NAME(x) dka_##x##_avx512
#define MR 14
#define NR 32
#define KC 384
#define MC 224
/// Steps along k between two fetches.
#define GROUP 8

/// One step along k: adds `rows` elements of A times NR elements of B.
static inline __attribute__((always_inline)) void add_step(
    const int rows, const float *a, ptrdiff_t row_stride, const float *b, vf sum[MR][2]) {
  const vf b0 = _mm512_load_ps(b), b1 = _mm512_load_ps(b + VW);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    const vf x = _mm512_set1_ps(a[r * row_stride]);
    sum[r][0] = v_fma(x, b0, sum[r][0]);
    sum[r][1] = v_fma(x, b1, sum[r][1]);
  }
}

/// The hot loop for `rows` rows, a constant after inlining: 2 · rows accumulators in registers.
static inline __attribute__((always_inline)) void tile_rows(
    const int rows, size_t depth, const float *a, ptrdiff_t row_stride, ptrdiff_t depth_stride, const float *b,
    dka_ahead ahead, float *tile) {
  vf sum[MR][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = v_zero();
  // A burst of all fetches would wait for free miss buffers: a few with every group of steps.
  const size_t groups = depth / GROUP + 1, lines = (ahead.b_lines + groups - 1) / groups;
  size_t k = 0;
  for (; k + GROUP <= depth; k += GROUP, a += GROUP * depth_stride, b += GROUP * NR) {
    fetch_panel(&ahead, lines);
    if (k < GROUP * (size_t)rows) fetch_row(&ahead, NR * sizeof(float));
#pragma clang loop unroll(full)
    for (int step = 0; step < GROUP; step++)
      add_step(rows, a + step * depth_stride, row_stride, b + step * NR, sum);
  }
  for (; k < depth; k++, a += depth_stride, b += NR) add_step(rows, a, row_stride, b, sum);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    _mm512_store_ps(tile + r * NR, sum[r][0]);
    _mm512_store_ps(tile + r * NR + VW, sum[r][1]);
  }
}

static inline __attribute__((always_inline)) void tile_product(
    size_t rows, size_t depth, const float *a, ptrdiff_t row_stride, bool packed, const float *b,
    dka_ahead ahead, float *tile) {
#define CASE(r)                                                \
  case r:                                                      \
    if (packed) return tile_rows(r, depth, a, 1, MR, b, ahead, tile); \
    return tile_rows(r, depth, a, row_stride, 1, b, ahead, tile);
  switch (rows) {
    CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7)
    CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13)
  default:
    CASE(14)
  }
#undef CASE
}

#include "gemm.inc.h"

#pragma clang attribute pop
#endif
