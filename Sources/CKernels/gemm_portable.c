// The packed matrix product of level 0: plain C, tiles of 4 × 8.
#include "CKernels.h"
#include "kernels.h"

#include "simd_portable.h"
#include "activations.inc.h"

#define NAME(x) x##_portable
#define MR 4
#define NR 8
#define KC 256
#define MC 96

static void tile_product(
    size_t rows, size_t depth, const float *a, ptrdiff_t row_stride, bool packed, const float *b, float *tile) {
  const ptrdiff_t step = packed ? MR : 1;
  for (size_t r = 0; r < rows; r++, a += row_stride, tile += NR) {
    vf sum[2] = {v_zero(), v_zero()};
    for (size_t k = 0; k < depth; k++) {
      const vf x = v_set(a[(ptrdiff_t)k * step]);
      sum[0] = v_fma(x, v_load(b + k * NR), sum[0]);
      sum[1] = v_fma(x, v_load(b + k * NR + VW), sum[1]);
    }
    v_store(tile, sum[0]);
    v_store(tile + VW, sum[1]);
  }
}

static void pack_panel(
    const float *source, ptrdiff_t across, ptrdiff_t along, size_t count, size_t k, size_t width, float *out) {
  for (size_t i = 0; i < k; i++)
    for (size_t lane = 0; lane < width; lane++)
      out[i * width + lane] = source[(ptrdiff_t)(lane < count ? lane : count - 1) * across + (ptrdiff_t)i * along];
}

#include "gemm.inc.h"
