// The hot loop of the packed matrix product: one tile of MR × NR in registers.
//
// Included once per level, after the vector type (simd_*.h), gemm_ahead.h, and
//   MR, NR           rows and columns of a tile; NR = 2 · VW
//   GROUP            steps along k that are written out, and between two fetches

/// One step along k: adds `rows` elements of A times NR elements of B.
static inline __attribute__((always_inline)) void add_step(
    const int rows, const float *a, ptrdiff_t row_stride, const float *b, vf sum[MR][2]) {
  const vf b0 = v_load(b), b1 = v_load(b + VW);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    const vf x = v_set(a[r * row_stride]);
    sum[r][0] = v_fma(x, b0, sum[r][0]);
    sum[r][1] = v_fma(x, b1, sum[r][1]);
  }
  // Where sums fill the registers, loads that the compiler moves up from later steps push sums out to memory.
  __asm__ volatile("" ::: "memory");
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
    v_store(tile + r * NR, sum[r][0]);
    v_store(tile + r * NR + VW, sum[r][1]);
  }
}

/// tile[r][c] = Σk a[r, k] · b[k, c] for `rows` rows of A, packed in panels of MR or where they lie.
static inline __attribute__((always_inline)) void tile_product(
    size_t rows, size_t depth, const float *a, ptrdiff_t row_stride, bool packed, const float *b,
    dka_ahead ahead, float *tile) {
  const ptrdiff_t across = packed ? 1 : row_stride, along = packed ? MR : 1;
#define CASE(r) \
  case r:       \
    return tile_rows(r, depth, a, across, along, b, ahead, tile);
  switch (rows) {
    CASE(1) CASE(2) CASE(3)
#if MR > 4
    CASE(4) CASE(5)
#endif
#if MR > 6
    CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13)
#endif
  default: return tile_rows(MR, depth, a, across, along, b, ahead, tile);
  }
#undef CASE
}
