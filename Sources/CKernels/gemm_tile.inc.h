// The hot loop of the packed matrix product: one tile of MR × NR in registers.
//
// Included once per level, after the vector type (simd_*.h), gemm_tile.h, and
//   MR, NR           rows and columns of a tile; NR = 2 · VW
//   GROUP            steps along k that are written out, and between two fetches

/// One step along k: adds `rows` elements of A times `vectors` vectors of B.
static inline __attribute__((always_inline)) void add_step(
    const int rows, const int vectors, const float *a, ptrdiff_t row_stride, const float *b, vf sum[MR][2]) {
  const vf b0 = v_load(b), b1 = vectors > 1 ? v_load(b + VW) : v_zero();
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    const vf x = v_set(a[r * row_stride]);
    sum[r][0] = v_fma(x, b0, sum[r][0]);
    if (vectors > 1) sum[r][1] = v_fma(x, b1, sum[r][1]);
  }
  // Where sums fill the registers, loads that the compiler moves up from later steps push sums out to memory.
  __asm__ volatile("" ::: "memory");
}

/// The hot loop for `rows` rows and `vectors` vectors, constants after inlining: rows · vectors accumulators in registers.
static inline __attribute__((always_inline)) void tile_rows(
    const int rows, const int vectors, size_t depth, const float *a, ptrdiff_t row_stride, ptrdiff_t depth_stride,
    const float *b, dka_ahead ahead, dka_tile_output out) {
  vf sum[MR][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = v_zero();
  // A burst of all fetches would wait for free miss buffers: one or a few with every group of steps. Everything between
  // the steps is kept short: with AVX2 a tile needs more than three instructions a cycle as it is.
  size_t left = depth;
  for (int row = 0; left >= GROUP; left -= GROUP, a += GROUP * depth_stride, b += GROUP * NR) {
    fetch_line(&ahead);
    for (size_t i = ahead.more_lines; __builtin_expect(i > 0, 0); i--) fetch_line(&ahead);
    if (row < rows) {
      fetch_row(&ahead, vectors * VW * sizeof(float));
      row++;
    }
#pragma clang loop unroll(full)
    for (int step = 0; step < GROUP; step++)
      add_step(rows, vectors, a + step * depth_stride, row_stride, b + step * NR, sum);
  }
#pragma clang loop unroll(disable)
  for (; left > 0; left--, a += depth_stride, b += NR) add_step(rows, vectors, a, row_stride, b, sum);
  const vf alpha = v_set(out.alpha);
  if (out.is_plain) {
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++, out.line += out.row_stride) {
      v_store(out.line, v_mul(sum[r][0], alpha));
      if (vectors > 1) v_store(out.line + VW, v_mul(sum[r][1], alpha));
    }
    return;
  }
  const vf bias0 = out.bias ? v_load(out.bias) : v_zero();
  const vf bias1 = out.bias && vectors > 1 ? v_load(out.bias + VW) : v_zero();
  const vf lower = v_set(out.lower), upper = v_set(out.upper);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++, out.line += out.row_stride) {
    vf x0 = v_mul(sum[r][0], alpha), x1 = vectors > 1 ? v_mul(sum[r][1], alpha) : v_zero();
    if (out.adds) x0 = v_add(v_load(out.line), x0);
    if (out.adds && vectors > 1) x1 = v_add(v_load(out.line + VW), x1);
    if (out.bias) x0 = v_add(x0, bias0);
    if (out.bias && vectors > 1) x1 = v_add(x1, bias1);
    if (out.residual) {
      x0 = v_add(x0, v_load(out.residual));
      if (vectors > 1) x1 = v_add(x1, v_load(out.residual + VW));
      out.residual += out.residual_row_stride;
    }
    if (out.activation == DKA_ACTIVATION_RELU) x0 = v_positive(x0), x1 = v_positive(x1);
    if (out.activation == DKA_ACTIVATION_CLIP)
      x0 = v_min(upper, v_max(lower, x0)), x1 = v_min(upper, v_max(lower, x1));
    v_store(out.line, x0);
    if (vectors > 1) v_store(out.line + VW, x1);
  }
}

/// Makes the sums Σk a[r · row_stride + k · depth_stride] · b[k, c] of `rows` rows of A and `columns` columns, rounded up to
/// whole vectors, and puts them where `out` says.
static inline __attribute__((always_inline)) void tile_product(
    size_t rows, size_t columns, size_t depth, const float *a, ptrdiff_t row_stride, ptrdiff_t depth_stride,
    const float *b, dka_ahead ahead, dka_tile_output out) {
#define TILE(rows, vectors) tile_rows(rows, vectors, depth, a, row_stride, depth_stride, b, ahead, out)
#define CASE(r)                          \
  case r:                                \
    if (columns > VW) return TILE(r, 2); \
    return TILE(r, 1);
  switch (rows) {
    CASE(1) CASE(2) CASE(3)
#if MR > 4
    CASE(4) CASE(5)
#endif
#if MR > 6
    CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13)
#endif
  default:
    CASE(MR)
  }
#undef CASE
#undef TILE
}
