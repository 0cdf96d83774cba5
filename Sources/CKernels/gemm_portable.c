// The packed matrix product of level 0: plain C, tiles of 4 × 8.
#include "CKernels.h"
#include "gemm_ahead.h"
#include "kernels.h"

#include "simd_portable.h"
#include "activations.inc.h"

#define NAME(x) dka_##x##_portable
#define MR 4
#define NR 8
#define KC 256
#define MC 96

/// The hot loop for `rows` rows, a constant after inlining.
static inline __attribute__((always_inline)) void tile_rows(
    const int rows, size_t depth, const float *a, ptrdiff_t row_stride, ptrdiff_t depth_stride, const float *b,
    float *tile) {
  vf sum[MR][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = v_zero();
  for (size_t k = 0; k < depth; k++) {
    const vf b0 = v_load(b), b1 = v_load(b + VW);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      const vf x = v_set(a[r * row_stride]);
      sum[r][0] = v_fma(x, b0, sum[r][0]);
      sum[r][1] = v_fma(x, b1, sum[r][1]);
    }
    a += depth_stride;
    b += NR;
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    v_store(tile + r * NR, sum[r][0]);
    v_store(tile + r * NR + VW, sum[r][1]);
  }
}

static inline __attribute__((always_inline)) void tile_product(
    size_t rows, size_t depth, const float *a, ptrdiff_t row_stride, bool packed, const float *b,
    dka_ahead ahead, float *tile) {
  (void)ahead;
  const ptrdiff_t across = packed ? 1 : row_stride, along = packed ? MR : 1;
  switch (rows) {
  case 1: return tile_rows(1, depth, a, across, along, b, tile);
  case 2: return tile_rows(2, depth, a, across, along, b, tile);
  case 3: return tile_rows(3, depth, a, across, along, b, tile);
  default: return tile_rows(4, depth, a, across, along, b, tile);
  }
}

static void pack_panel(
    const float *source, ptrdiff_t across, ptrdiff_t along, size_t count, size_t k, size_t width, float *out) {
  for (size_t i = 0; i < k; i++)
    for (size_t lane = 0; lane < width; lane++)
      out[i * width + lane] = source[(ptrdiff_t)(lane < count ? lane : count - 1) * across + (ptrdiff_t)i * along];
}

#include "gemm.inc.h"
