// Depthwise convolution of maps by live windows, and the windows' gradient, over channels at one level.
//
// Included once per level after
//   VW … v_fma         the vector type (simd_*.h)
//   NAME(x)            the level's name of x
//   DEPTHWISE_BLOCK    results that stay in registers, at most 16
//
// Both functions slide a line of vectors along a row of factors: the taps of a window's row along x, a row of x along dy.
// A vector holds channels of one place, so every result is one lane's own sum, in an order that no block changes.

#define LANES DKA_DEPTHWISE_LANES

/// sum[k] += factor[t] · line[first + t + k] for t ascending in 0 ..< count and k < n, where the line has such a place.
///
/// n, a constant after inlining, is at most `length`: a line is cut off at one end at a time. Places that the line does not
/// have are left out instead of filled with zeros, so that a factor that is not finite reaches no other sum.
static inline __attribute__((always_inline)) void NAME(slide)(
    const int n, const float *factor, ptrdiff_t stride, ptrdiff_t count, const float *line, ptrdiff_t length,
    ptrdiff_t first, vf sum[16]) {
#define ADD(k) \
  if ((k) < n) sum[k] = v_fma(x, v_load(line + (first + t + (k)) * LANES), sum[k]);
// Each case goes on with the next: from sum[k] to the last, from sum[k − 1] to the first.
#define UP(k) case k: ADD(k)
#define DOWN(k) case k: ADD((k) - 1)
  ptrdiff_t t = 1 - n - first > 0 ? 1 - n - first : 0;
  const ptrdiff_t end = length - first < count ? length - first : count;
  const ptrdiff_t whole_begin = -first < end ? -first : end;
  const ptrdiff_t whole_end = length - n - first + 1 < end ? length - n - first + 1 : end;
  for (; t < whole_begin; t++) {
    const vf x = v_load(factor + t * stride);
    switch (-first - t) {
      UP(1) UP(2) UP(3) UP(4) UP(5) UP(6) UP(7) UP(8)
      UP(9) UP(10) UP(11) UP(12) UP(13) UP(14) UP(15)
      break;
    default:
      __builtin_unreachable();
    }
  }
  for (; t < whole_end; t++) {
    const vf x = v_load(factor + t * stride);
#pragma clang loop unroll(full)
    for (int k = 0; k < n; k++) ADD(k)
  }
  for (; t < end; t++) {
    const vf x = v_load(factor + t * stride);
    switch (length - first - t) {
      DOWN(15) DOWN(14) DOWN(13) DOWN(12) DOWN(11) DOWN(10) DOWN(9) DOWN(8)
      DOWN(7) DOWN(6) DOWN(5) DOWN(4) DOWN(3) DOWN(2) DOWN(1)
      break;
    default:
      __builtin_unreachable();
    }
  }
#undef ADD
#undef UP
#undef DOWN
}

/// Size of the blocks that `count` results are cut into evenly, the last of which may be smaller.
static ptrdiff_t NAME(depthwise_block)(ptrdiff_t count, ptrdiff_t length) {
  const ptrdiff_t limit = length < DEPTHWISE_BLOCK ? length : DEPTHWISE_BLOCK;
  const ptrdiff_t blocks = (count + limit - 1) / limit;
  return (count + blocks - 1) / blocks;
}

/// Calls function(n, …) with n as a constant.
#define WITH_CONSTANT(n, function, ...)                              \
  switch (n) {                                                       \
    CASE(1, function, __VA_ARGS__) CASE(2, function, __VA_ARGS__)    \
    CASE(3, function, __VA_ARGS__) CASE(4, function, __VA_ARGS__)    \
    CASE(5, function, __VA_ARGS__) CASE(6, function, __VA_ARGS__)    \
    CASE(7, function, __VA_ARGS__) CASE(8, function, __VA_ARGS__)    \
    CASE(9, function, __VA_ARGS__) CASE(10, function, __VA_ARGS__)   \
    CASE(11, function, __VA_ARGS__) CASE(12, function, __VA_ARGS__)  \
    CASE(13, function, __VA_ARGS__) CASE(14, function, __VA_ARGS__)  \
    CASE(15, function, __VA_ARGS__) CASE(16, function, __VA_ARGS__)  \
  }
#define CASE(k, function, ...)                             \
  case k:                                                  \
    if (k <= DEPTHWISE_BLOCK) NAME(function)(k, __VA_ARGS__); \
    break;

/// y[row, last − k] for k < n: the taps slide along rows of x, the last column's first.
static inline __attribute__((always_inline)) void NAME(output_block)(
    const int n, const dka_depthwise *g, const float *x, const float *window, float *y, ptrdiff_t stride,
    ptrdiff_t row, ptrdiff_t last) {
  const ptrdiff_t taps = 2 * g->column_radius + 1, above = row - g->row_radius, below = row + g->row_radius + 1;
  const ptrdiff_t end = below < g->height ? below : g->height;
  vf sum[16];
#pragma clang loop unroll(full)
  for (int k = 0; k < n; k++) sum[k] = v_zero();
  for (ptrdiff_t i = above > 0 ? above : 0; i < end; i++)
    NAME(slide)(
        n, x + i * g->width * stride, stride, g->width, window + (i - above) * taps * LANES, taps,
        g->column_radius - last, sum);
#pragma clang loop unroll(full)
  for (int k = 0; k < n; k++) v_store(y + (row * g->width + last - k) * stride, sum[k]);
}

void NAME(depthwise_rows)(
    dka_depthwise g, const float *x, const float *window, float *y, ptrdiff_t stride, ptrdiff_t lanes,
    ptrdiff_t row_begin, ptrdiff_t row_end) {
  const ptrdiff_t block = NAME(depthwise_block)(g.width, 2 * g.column_radius + 1);
  for (ptrdiff_t lane = 0; lane < lanes; lane += VW) {
    for (ptrdiff_t row = row_begin; row < row_end; row++) {
      for (ptrdiff_t column = 0; column < g.width; column += block) {
        const ptrdiff_t count = g.width - column < block ? g.width - column : block;
        WITH_CONSTANT(
            count, output_block, &g, x + lane, window + lane, y + lane, stride, row, column + count - 1)
      }
    }
  }
}

/// dm[u, first + k] for k < n: rows of x slide along rows of dy; the sums of images are added first to last.
static inline __attribute__((always_inline)) void NAME(tap_block)(
    const int n, const dka_depthwise *g, const dka_depthwise_maps *x, const dka_depthwise_maps *dy,
    ptrdiff_t lane, ptrdiff_t u, ptrdiff_t first, float *taps) {
  const ptrdiff_t begin = u < 0 ? -u : 0, end = u < 0 ? g->height : g->height - u;
  for (ptrdiff_t image = 0; image < g->images; image++) {
    const float *map = x->data + image * x->image_stride + lane;
    const float *slope = dy->data + image * dy->image_stride + lane;
    vf sum[16];
#pragma clang loop unroll(full)
    for (int k = 0; k < n; k++) sum[k] = v_zero();
    for (ptrdiff_t i = begin; i < end; i++)
      NAME(slide)(
          n, slope + i * g->width * dy->column_stride, dy->column_stride, g->width,
          map + (i + u) * g->width * LANES, g->width, first, sum);
#pragma clang loop unroll(full)
    for (int k = 0; k < n; k++)
      v_store(taps + k * LANES, image ? v_add(v_load(taps + k * LANES), sum[k]) : sum[k]);
  }
}

void NAME(depthwise_taps)(
    dka_depthwise g, dka_depthwise_maps x, dka_depthwise_maps dy, ptrdiff_t lanes, ptrdiff_t u, float *taps) {
  const ptrdiff_t count = 2 * g.column_radius + 1, block = NAME(depthwise_block)(count, g.width);
  for (ptrdiff_t lane = 0; lane < lanes; lane += VW) {
    for (ptrdiff_t tap = 0; tap < count; tap += block) {
      const ptrdiff_t n = count - tap < block ? count - tap : block;
      WITH_CONSTANT(n, tap_block, &g, &x, &dy, lane, u, tap - g.column_radius, taps + tap * LANES + lane)
    }
  }
}
#undef WITH_CONSTANT
#undef CASE
