// Convolution of one map with one small kernel at one level: rows of results as vectors of columns.
//
// Included once per level after the vector type and NAME(x). A band of the map is copied with its padding, columns that a
// stride brings together side by side, so that a tap of a vector of results is one load. Products and sums are rounded one
// by one and padding adds zeros to sums that are never −0: the bits are those of the plain loop that leaves padding out.

/// Copies the padded lines [first, first + count) of a map.
static void NAME(plane_band)(
    const dka_plane *g, const float *x, ptrdiff_t first, ptrdiff_t count, float *band) {
  const ptrdiff_t stride = g->column_stride, phase = dka_plane_phase(g), line = dka_plane_line(g);
  memset(band, 0, (size_t)(count * line) * sizeof(float));
  for (ptrdiff_t l = 0; l < count; l++, band += line) {
    const ptrdiff_t row = first + l - g->top;
    if (row < 0 || row >= g->height) continue;
    const float *source = x + row * g->width;
    for (ptrdiff_t r = 0; r < stride; r++) {
      // Place q of phase r is column q · stride + r − left.
      const ptrdiff_t shift = r - g->left;
      const ptrdiff_t begin = shift < 0 ? (-shift + stride - 1) / stride : 0;
      const ptrdiff_t room = g->width - shift, places = room > 0 ? (room + stride - 1) / stride : 0;
      const ptrdiff_t end = places < phase ? places : phase;
      if (begin >= end) continue;
      float *target = band + r * phase;
      if (stride == 1) {
        memcpy(target + begin, source + begin + shift, (size_t)(end - begin) * sizeof(float));
      } else if (stride == 2) {
        for (ptrdiff_t q = begin; q < end; q++) target[q] = source[2 * q + shift];
      } else {
        for (ptrdiff_t q = begin; q < end; q++) target[q] = source[stride * q + shift];
      }
    }
  }
}

/// n rows of results, a constant after inlining, from the band's line on that the first of them reads.
static inline __attribute__((always_inline)) void NAME(plane_rows)(
    const int n, const dka_plane *g, const float *band, const float *kernel, const ptrdiff_t *places,
    const float *bias, float *y) {
  const ptrdiff_t step = g->row_stride * dka_plane_line(g), taps = g->kernel_height * g->kernel_width;
  for (ptrdiff_t column = 0; column < g->columns; column += VW) {
    vf sum[4];
#pragma clang loop unroll(full)
    for (int r = 0; r < n; r++) sum[r] = v_zero();
    for (ptrdiff_t t = 0; t < taps; t++) {
      const vf factor = v_set(kernel[t]);
      const float *source = band + places[t] + column;
#pragma clang loop unroll(full)
      for (int r = 0; r < n; r++) sum[r] = v_add(sum[r], v_mul(factor, v_load(source + r * step)));
    }
    const bool whole = g->columns - column >= VW;
    const vmask mask = v_mask((size_t)(g->columns - column));
#pragma clang loop unroll(full)
    for (int r = 0; r < n; r++) {
      const vf result = bias ? v_add(sum[r], v_set(*bias)) : sum[r];
      float *target = y + r * g->columns + column;
      whole ? v_store(target, result) : v_store_mask(target, mask, result);
    }
  }
}

void NAME(plane_convolve)(
    const dka_plane *g, const float *x, const float *kernel, const float *bias, float *y, float *scratch) {
  const ptrdiff_t phase = dka_plane_phase(g), line = dka_plane_line(g);
  ptrdiff_t places[DKA_PLANE_TAPS];
  for (ptrdiff_t t = 0; t < g->kernel_height * g->kernel_width; t++) {
    const ptrdiff_t u = t / g->kernel_width, v = t % g->kernel_width;
    const ptrdiff_t row = (g->turned ? g->kernel_height - 1 - u : u) * g->row_dilation;
    const ptrdiff_t column = (g->turned ? g->kernel_width - 1 - v : v) * g->column_dilation;
    places[t] = row * line + column % g->column_stride * phase + column / g->column_stride;
  }
  for (ptrdiff_t first = 0; first < g->rows; first += DKA_PLANE_BAND) {
    const ptrdiff_t rows = g->rows - first < DKA_PLANE_BAND ? g->rows - first : DKA_PLANE_BAND;
    NAME(plane_band)(g, x, first * g->row_stride, dka_plane_band_lines(g, rows), scratch);
    for (ptrdiff_t row = 0; row < rows; row += 4) {
      const float *band = scratch + row * g->row_stride * line;
      float *target = y + (first + row) * g->columns;
      switch (rows - row) {
      case 1: NAME(plane_rows)(1, g, band, kernel, places, bias, target); break;
      case 2: NAME(plane_rows)(2, g, band, kernel, places, bias, target); break;
      case 3: NAME(plane_rows)(3, g, band, kernel, places, bias, target); break;
      default: NAME(plane_rows)(4, g, band, kernel, places, bias, target);
      }
    }
  }
}
