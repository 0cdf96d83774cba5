// Convolution of each channel with a kernel of its own, and maxima of windows, over maps whose channels lie side by side.
//
// Included once per level after the vector type and NAME(x). A vector holds channels of one place, so a result is one lane's
// own sum over the taps in order, wherever it lies. Taps outside the map are left out.

/// The taps [begin, end) of `count`, `dilation` apart from `first` on, that lie inside 0 ..< extent.
static inline void NAME(inside_taps)(
    ptrdiff_t first, ptrdiff_t dilation, ptrdiff_t count, ptrdiff_t extent, ptrdiff_t *begin, ptrdiff_t *end) {
  const ptrdiff_t before = first < 0 ? (-first + dilation - 1) / dilation : 0;
  const ptrdiff_t inside = extent > first ? (extent - first - 1) / dilation + 1 : 0;
  *end = inside < count ? inside : count;
  *begin = before < *end ? before : *end;
}

/// n results side by side, from the places on that `x` gives their first taps, in `vectors` vectors of channels; both are
/// constants after inlining. `mask` cuts the one vector of a block that is not whole.
static inline __attribute__((always_inline)) void NAME(channels_block)(
    const int n, const int vectors, const bool whole, const bool maximum, const dka_channels *g, const float *x,
    const float *kernel, const float *bias, float *y, ptrdiff_t u_begin, ptrdiff_t u_end, ptrdiff_t v_begin, ptrdiff_t v_end, vmask mask) {
#define TAKE(p) (whole ? v_load(p) : v_load_mask((p), mask))
  const dka_patches *p = &g->patches;
  const ptrdiff_t step = p->column_stride * p->place_stride;
  vf sum[4][2];
  bool is_first = true;
#pragma clang loop unroll(full)
  for (int k = 0; k < n; k++) sum[k][0] = sum[k][1] = v_zero();
  for (ptrdiff_t u = u_begin; u < u_end; u++) {
    for (ptrdiff_t v = v_begin; v < v_end; v++) {
      const float *source = x + (u * p->row_dilation * p->width + v * p->column_dilation) * p->place_stride;
      const float *factors = kernel + (u * p->kernel_width + v) * p->channels;
#pragma clang loop unroll(full)
      for (int i = 0; i < vectors; i++) {
        const vf factor = maximum ? v_zero() : TAKE(factors + i * VW);
#pragma clang loop unroll(full)
        for (int k = 0; k < n; k++) {
          const vf value = TAKE(source + k * step + i * VW);
          if (!maximum) {
            sum[k][i] = v_fma(value, factor, sum[k][i]);
          } else {
            // What is not a number stays.
            const vf larger = v_select(v_at_most(value, sum[k][i]), sum[k][i], value);
            const vf kept = v_select(v_at_most(sum[k][i], sum[k][i]), larger, sum[k][i]);
            sum[k][i] = is_first ? value : kept;
          }
        }
      }
      is_first = false;
    }
  }
  const vf lower = v_set(g->lower), upper = v_set(g->upper);
#pragma clang loop unroll(full)
  for (int k = 0; k < n; k++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < vectors; i++) {
      vf result = sum[k][i];
      if (bias) result = v_add(result, TAKE(bias + i * VW));
      if (g->activation == DKA_ACTIVATION_RELU) result = v_positive(result);
      if (g->activation == DKA_ACTIVATION_CLIP) result = v_min(upper, v_max(lower, result));
      float *target = y + k * g->result_column_stride + i * VW;
      whole ? v_store(target, result) : v_store_mask(target, mask, result);
    }
  }
#undef TAKE
}

/// One row of results in `vectors` vectors of channels.
static inline __attribute__((always_inline)) void NAME(channels_row)(
    const int vectors, const bool whole, const bool maximum, const dka_channels *g, const float *x,
    const float *kernel, const float *bias, float *y, ptrdiff_t row, vmask mask) {
  const dka_patches *p = &g->patches;
  const ptrdiff_t first_row = row * p->row_stride - p->top;
  ptrdiff_t u_begin, u_end;
  NAME(inside_taps)(first_row, p->row_dilation, p->kernel_height, p->height, &u_begin, &u_end);
  y += row * g->result_row_stride;
  for (ptrdiff_t column = 0, n; column < p->columns; column += n) {
    const ptrdiff_t first = column * p->column_stride - p->left;
    const ptrdiff_t last = first + 3 * p->column_stride + (p->kernel_width - 1) * p->column_dilation;
    const float *source = x + (first_row * p->width + first) * p->place_stride;
    float *target = y + column * g->result_column_stride;
    if (first >= 0 && last < p->width && column + 4 <= p->columns) {
      n = 4;
      NAME(channels_block)(
          4, vectors, whole, maximum, g, source, kernel, bias, target, u_begin, u_end, 0, p->kernel_width, mask);
    } else {
      n = 1;
      ptrdiff_t v_begin, v_end;
      NAME(inside_taps)(first, p->column_dilation, p->kernel_width, p->width, &v_begin, &v_end);
      NAME(channels_block)(
          1, vectors, whole, maximum, g, source, kernel, bias, target, u_begin, u_end, v_begin, v_end, mask);
    }
  }
}

/// All channels of some rows of results; `maximum` is a constant after inlining.
static inline __attribute__((always_inline)) void NAME(channels_rows)(
    const bool maximum, const dka_channels *g, const float *x, const float *kernel, const float *bias, float *y,
    ptrdiff_t row_begin, ptrdiff_t row_end) {
  const ptrdiff_t channels = g->patches.channels;
  for (ptrdiff_t row = row_begin; row < row_end; row++) {
    for (ptrdiff_t lane = 0; lane < channels;) {
      const ptrdiff_t left = channels - lane;
      const vmask mask = v_mask((size_t)left);
      const float *factors = maximum ? NULL : kernel + lane, *sums = bias ? bias + lane : NULL;
#define ROW(vectors, whole) NAME(channels_row)(vectors, whole, maximum, g, x + lane, factors, sums, y + lane, row, mask)
      if (left >= 2 * VW)
        ROW(2, true), lane += 2 * VW;
      else if (left >= VW)
        ROW(1, true), lane += VW;
      else
        ROW(1, false), lane += left;
#undef ROW
    }
  }
}

void NAME(channels_convolve)(
    const dka_channels *g, const float *x, const float *kernel, const float *bias, float *y, ptrdiff_t row_begin,
    ptrdiff_t row_end) {
  NAME(channels_rows)(false, g, x, kernel, bias, y, row_begin, row_end);
}

void NAME(channels_maximum)(
    const dka_channels *g, const float *x, float *y, ptrdiff_t row_begin, ptrdiff_t row_end) {
  NAME(channels_rows)(true, g, x, NULL, NULL, y, row_begin, row_end);
}

void NAME(channel_taps)(
    const dka_channels *g, const float *x, const float *dy, size_t images, ptrdiff_t lane, float *taps) {
  const dka_patches *p = &g->patches;
  const bool whole = p->channels - lane >= VW;
  const vmask mask = v_mask((size_t)(p->channels - lane));
#define TAKE(p) (whole ? v_load(p) : v_load_mask((p), mask))
  for (ptrdiff_t u = 0; u < p->kernel_height; u++) {
    for (ptrdiff_t v = 0; v < p->kernel_width; v++) {
      // Four sums in turn over the columns, added in the end: one alone would wait for itself.
      vf sum[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
      for (size_t image = 0; image < images; image++) {
        const float *map = x + (ptrdiff_t)image * p->height * p->width * p->place_stride + lane;
        const float *slopes = dy + (ptrdiff_t)image * p->rows * p->columns * p->place_stride + lane;
        for (ptrdiff_t i = 0; i < p->rows; i++) {
          const ptrdiff_t row = i * p->row_stride + u * p->row_dilation - p->top;
          if (row < 0 || row >= p->height) continue;
          for (ptrdiff_t j = 0; j < p->columns; j++) {
            const ptrdiff_t column = j * p->column_stride + v * p->column_dilation - p->left;
            if (column < 0 || column >= p->width) continue;
            sum[j & 3] = v_fma(
                TAKE(slopes + (i * p->columns + j) * p->place_stride),
                TAKE(map + (row * p->width + column) * p->place_stride), sum[j & 3]);
          }
        }
      }
      const vf total = v_add(v_add(sum[0], sum[1]), v_add(sum[2], sum[3]));
      float *target = taps + (u * p->kernel_width + v) * p->channels + lane;
      whole ? v_store(target, total) : v_store_mask(target, mask, total);
    }
  }
#undef TAKE
}

const ptrdiff_t NAME(channel_lanes) = VW;
