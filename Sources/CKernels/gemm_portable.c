// The packed matrix product of level 0: plain C, tiles of 4 × 8.
#include "CKernels.h"
#include "gemm_part.h"
#include "gemm_tile.h"
#include "kernels.h"

#include "simd_portable.h"
#include "activations.inc.h"

#define NAME(x) dka_##x##_portable
#define MR 4
#define NR 8
#define KC 256
#define MC 96
#define GROUP 8

#include "gemm_tile.inc.h"

static void pack_lines(const float *const *line, size_t k, size_t width, float *out, ptrdiff_t next) {
  (void)next;
  for (size_t i = 0; i < k; i++)
    for (size_t lane = 0; lane < width; lane++) out[i * width + lane] = line[lane][i];
}

static void pack_panel(
    const float *source, ptrdiff_t across, ptrdiff_t along, size_t count, size_t k, size_t width, float *out) {
  for (size_t i = 0; i < k; i++)
    for (size_t lane = 0; lane < width; lane++)
      out[i * width + lane] = source[(ptrdiff_t)(lane < count ? lane : count - 1) * across + (ptrdiff_t)i * along];
}

#include "gemm.inc.h"
