// What the C files share and Swift does not see: the levels' entry points behind the dispatching functions.
#pragma once
#include "CKernels.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#define DKA_X86 1
#else
#define DKA_X86 0
#endif

#define DKA_DECLARE_GEMM(level)                                                                              \
  void gemm_##level(                                                                                         \
      const dka_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end, float *scratch); \
  void pack_b_##level(                                                                                       \
      const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t n, size_t panel_begin, \
      size_t panel_end, float *packed);                                                                      \
  extern const dka_gemm_shape gemm_shape_##level;

/// Tile and block sizes of a level.
typedef struct {
  size_t tile_rows, tile_columns, block_depth, block_rows;
} dka_gemm_shape;

DKA_DECLARE_GEMM(portable)
#if DKA_X86
DKA_DECLARE_GEMM(avx2)
DKA_DECLARE_GEMM(avx512)
#endif
