// Packing of the left side of a convolution, which no matrix in memory holds.
//
// Included by gemm.inc.h once per level. Lines of the packed block are read from the maps, and zeros beside them.

/// Where the patch of a position begins in the maps: its image, and the row and column of its first tap, which may lie outside.
typedef struct {
  ptrdiff_t image, row, column;
} NAME(patch);

static inline NAME(patch) NAME(patch_at)(const dka_patches *p, size_t position) {
  const ptrdiff_t line = (ptrdiff_t)position / p->columns, image = line / p->rows;
  return (NAME(patch)){
      image, (line - image * p->rows) * p->row_stride - p->top,
      ((ptrdiff_t)position - line * p->columns) * p->column_stride - p->left};
}

static const float NAME(zeros)[KC];

/// The floats [begin, begin + count) of a run of `taps` places from (patch, tap row u, tap column v) on: where they lie, or
/// a copy of them in `copy` where some are outside the map.
static inline const float *NAME(run_of)(
    const dka_gemm *g, NAME(patch) patch, ptrdiff_t u, ptrdiff_t v, ptrdiff_t taps, ptrdiff_t begin, ptrdiff_t count,
    float *copy) {
  const dka_patches *p = g->patches;
  const ptrdiff_t row = patch.row + u * p->row_dilation, column = patch.column + v * p->column_dilation;
  if (row < 0 || row >= p->height || column + taps <= 0 || column >= p->width) return NAME(zeros);
  const float *run = g->a + ((patch.image * p->height + row) * p->width + column) * p->place_stride + begin;
  if (column >= 0 && column + taps <= p->width) return run;
  const ptrdiff_t first = column < 0 ? -column * p->channels - begin : -begin;
  const ptrdiff_t end = (column + taps < p->width ? taps : p->width - column) * p->channels - begin;
  for (ptrdiff_t i = 0; i < count; i++) copy[i] = i >= first && i < end ? run[i] : 0;
  return copy;
}

/// Packs a block of A: for each position the channels of its taps, rows and columns of taps ascending.
static void NAME(pack_patches)(const dka_gemm *g, const dka_gemm_part *part, const NAME(block) *block) {
  const dka_patches *p = g->patches;
  // The taps of a kernel row lie side by side where nothing stands between their channels.
  const bool joins = p->column_dilation == 1 && p->channels == p->place_stride;
  const ptrdiff_t taps = joins ? p->kernel_width : 1, length = taps * p->channels, runs = p->kernel_width / taps;
  float copies[MR][KC];
  NAME(patch) patches[MR];
  const float *line[(MR + 7) / 8 * 8];
  for (size_t i = 0, row = block->row, count; i < block->tiles; i++, row += count) {
    count = block->height + (i < block->taller);
    for (size_t r = 0; r < count; r++) patches[r] = NAME(patch_at)(p, row + r);
    float *out = part->scratch + i * MR * block->depth;
    ptrdiff_t k = (ptrdiff_t)block->k_begin;
    for (const ptrdiff_t end = k + (ptrdiff_t)block->depth; k < end;) {
      const ptrdiff_t run = k / length, begin = k - run * length, left = end - k;
      const ptrdiff_t floats = length - begin < left ? length - begin : left;
      for (size_t r = 0; r < (MR + 7) / 8 * 8; r++)
        line[r] = r < count ? NAME(run_of)(g, patches[r], run / runs, run % runs, taps, begin, floats, copies[r])
                            : line[count - 1];
      pack_lines(line, (size_t)floats, MR, out, 0);
      out += floats * MR;
      k += floats;
    }
  }
}

/// Packs a block of A where rows are channels and columns are positions, for one tap.
static void NAME(pack_turned_patches)(const dka_gemm *g, const dka_gemm_part *part, const NAME(block) *block) {
  const dka_patches *p = g->patches;
  for (size_t k = 0; k < block->depth; k++) {
    const NAME(patch) patch = NAME(patch_at)(p, block->k_begin + k);
    const float *places = NAME(run_of)(g, patch, p->tap_row, p->tap_column, 1, 0, 0, NULL);
    const bool is_outside = places == NAME(zeros);
    float *out = part->scratch + k * MR;
    for (size_t i = 0, row = block->row, count; i < block->tiles; i++, row += count, out += MR * block->depth) {
      count = block->height + (i < block->taller);
      for (size_t r = 0; r < count; r++) out[r] = is_outside ? 0 : places[row + r];
    }
  }
}
