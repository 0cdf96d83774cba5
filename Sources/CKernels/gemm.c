// The packed matrix product: the choice of level.
#include "CKernels.h"
#include "kernels.h"

static const dka_gemm_shape *shape_of(int level) {
#if DKA_X86
  if (level == DKA_LEVEL_AVX512) return &dka_gemm_shape_avx512;
  if (level == DKA_LEVEL_AVX2) return &dka_gemm_shape_avx2;
#endif
  return &dka_gemm_shape_portable;
}

size_t dka_gemm_tile_rows(int level) { return shape_of(level)->tile_rows; }

size_t dka_gemm_tile_columns(int level) { return shape_of(level)->tile_columns; }

size_t dka_packed_size(int level, size_t k, size_t n) {
  const size_t columns = shape_of(level)->tile_columns;
  return k * ((n + columns - 1) / columns) * columns;
}

size_t dka_gemm_scratch_size(int level, size_t k) {
  const dka_gemm_shape *shape = shape_of(level);
  // A partial group of a transposed panel may spill eight floats past its end.
  return shape->block_rows * (k < shape->block_depth ? k : shape->block_depth) + 16;
}

void dka_pack_b(
    int level, const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t n,
    size_t panel_begin, size_t panel_end, float *packed) {
  CHOOSE(pack_b, b, row_stride, column_stride, k, n, panel_begin, panel_end, packed);
}

void dka_gemm_compute(int level, const dka_gemm *g, dka_gemm_part *part) { CHOOSE(gemm, g, part); }

void dka_gemm_help(int level, const dka_gemm *g, dka_gemm_part *part) { CHOOSE(gemm_help, g, part); }
