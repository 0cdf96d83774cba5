// Numeric kernels in C: what needs processor instructions that Swift does not reach by default.
//
// Every function takes a level (one of DKA_LEVEL_*; the caller asks dka_best_level once and passes it on). All matrices are
// float32. Sizes and strides count elements, not bytes. No function allocates, keeps state or starts threads.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Plain C, any processor.
#define DKA_LEVEL_PORTABLE 0
/// x86-64 with AVX2 and FMA.
#define DKA_LEVEL_AVX2 2
/// x86-64 with AVX-512 F, DQ, BW and VL.
#define DKA_LEVEL_AVX512 3

/// The best level this processor and operating system can run.
int dka_best_level(void);

/// GFLOP/s of a loop of fused multiply-adds on registers alone, run for about `seconds` on the calling thread: the
/// ceiling of every product at that level. At the portable level multiplication and addition are two instructions.
double dka_peak_gflops(int level, double seconds);

#define DKA_ACTIVATION_NONE 0
#define DKA_ACTIVATION_RELU 1
/// x · Φ(x) with the exact error function.
#define DKA_ACTIVATION_GELU 2
/// Multiplies the product by the derivative of GELU at `pre`, which is read.
#define DKA_ACTIVATION_GELU_GRADIENT 3

/// The product C = activation(alpha · A · B + bias) + residual, with B packed by dka_pack_b.
///
/// Element (i, j) of the sum is made with k ascending in blocks of a fixed depth, by the same instructions wherever it
/// lies: its bits depend on row i of A and column j of B alone, not on m, n, the cut into parts or the number of threads.
typedef struct dka_gemm {
  size_t m, n, k;
  /// A [m, k]: element (i, k) at a[i · a_row_stride + k · a_column_stride]. Not needed when k = 0.
  const float *a;
  ptrdiff_t a_row_stride, a_column_stride;
  /// Whole packed B, 64-byte aligned.
  const float *packed_b;
  /// C [m, n], rows contiguous. May not overlap any input except as `accumulate` says.
  float *c;
  size_t c_row_stride;
  float alpha;
  /// Adds the product to what C holds, before bias and activation.
  bool accumulate;
  /// One of DKA_ACTIVATION_*.
  int activation;
  /// Added per column [n], or null.
  const float *bias;
  /// Added per row [m], or null.
  const float *row_bias;
  /// Where the values before activation are stored (read for DKA_ACTIVATION_GELU_GRADIENT), or null.
  float *pre;
  size_t pre_row_stride;
  /// Added after activation, or null.
  const float *residual;
  size_t residual_row_stride;
} dka_gemm;

/// Rows of a tile: parts that start at a multiple of it waste nothing.
size_t dka_gemm_tile_rows(int level);

/// Columns of a panel of packed B.
size_t dka_gemm_tile_columns(int level);

/// Floats in packed B [k, n]; it must be 64-byte aligned. Sizes are the caller's to check against overflow.
size_t dka_packed_size(int level, size_t k, size_t n);

/// Packs the panels [panel_begin, panel_end) of B; element (k, j) at b[k · row_stride + j · column_stride].
///
/// Panel p holds the columns from p · dka_gemm_tile_columns on. Strides make W and its transpose alike. Calls for
/// disjoint ranges may run at the same time.
void dka_pack_b(
    int level, const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t n,
    size_t panel_begin, size_t panel_end, float *packed);

/// Floats of scratch that one running dka_gemm_part needs, 64-byte aligned.
size_t dka_gemm_scratch_size(int level, size_t k);

/// Makes rows [row_begin, row_end) of the columns in panels [panel_begin, panel_end).
///
/// Disjoint parts may run at the same time, each with its own scratch.
void dka_gemm_part(
    int level, const dka_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end,
    float *scratch);
