// The packed matrix product of one level: packing, blocking and epilogue.
//
// Included once per level, after
//   VW … v_sum       the vector type (simd_*.h) and v_gelu (activations.inc.h)
//   NAME(x)          the level's name of x
//   MR, NR           rows and columns of a tile; NR = 2 · VW
//   KC, MC           depth and rows of a block: a panel of B (KC · NR) stays in L1 or close to it, a block of A (MC · KC) in L2
//   tile_product     gemm_tile.inc.h
//   pack_panel       (source, stride across, stride along k, count, k, width, out)
//   patches.inc.h    how the left side of a convolution is packed
//
// Every element of the product is the sum over blocks of KC, first to last, of a sum with k ascending; it depends on
// one row of A and one column of B alone. Tiles, blocks of rows, threads and ranges of columns only choose when it is made.

/// Moves the sums of one block into C for one column of vectors; all Booleans and `activation` are constants after inlining.
///
/// `continues`: C holds the blocks before. `finishes`: this is the last block, so bias, residual and activation follow.
/// `whole`: the vector lies inside the matrix, else `mask` says which lanes do.
static inline __attribute__((always_inline)) void NAME(finish_vectors)(
    const dka_gemm *g, bool continues, bool finishes, int activation, bool whole, vmask mask, size_t row,
    size_t rows, size_t column, const float *tile) {
#define TAKE(p) (whole ? v_load(p) : v_load_mask((p), mask))
#define GIVE(p, x) (whole ? v_store((p), (x)) : v_store_mask((p), mask, (x)))
  const bool has_bias = finishes && g->bias, has_row_bias = finishes && g->row_bias;
  const bool has_residual = finishes && g->residual;
  const vf bias = has_bias ? TAKE(g->bias + column) : v_zero();
  const vf lower = v_set(g->lower), upper = v_set(g->upper);
  float *c = g->c + row * g->c_row_stride + column;
  for (size_t r = 0; r < rows; r++, c += g->c_row_stride) {
    vf x = v_load(tile + r * NR);
    if (continues) x = v_add(TAKE(c), x);
    if (has_bias) x = v_add(x, bias);
    if (has_row_bias) x = v_add(x, v_set(g->row_bias[row + r]));
    if (finishes && activation == DKA_ACTIVATION_GELU) x = v_gelu(x);
    if (has_residual) x = v_add(x, TAKE(g->residual + (row + r) * g->residual_row_stride + column));
    if (finishes && activation == DKA_ACTIVATION_RELU) x = v_positive(x);
    if (finishes && activation == DKA_ACTIVATION_CLIP) x = v_min(upper, v_max(lower, x));
    GIVE(c, x);
  }
#undef TAKE
#undef GIVE
}

/// A whole tile. Gives the compiler the cases apart, each without the tests of the others.
static void NAME(finish_tile)(
    const dka_gemm *g, bool continues, bool finishes, size_t row, size_t rows, size_t column, size_t columns,
    const float *tile) {
  for (size_t done = 0; done < columns; done += VW, tile += VW, column += VW) {
    const bool whole = columns - done >= VW;
    const vmask mask = v_mask(columns - done);
#define FINISH(finishes, activation)                                                                         \
  (!whole      ? NAME(finish_vectors)(g, continues, finishes, activation, false, mask, row, rows, column, tile) \
   : continues ? NAME(finish_vectors)(g, true, finishes, activation, true, mask, row, rows, column, tile)    \
               : NAME(finish_vectors)(g, false, finishes, activation, true, mask, row, rows, column, tile))
    if (!finishes)
      FINISH(false, DKA_ACTIVATION_NONE);
    else if (g->activation == DKA_ACTIVATION_NONE)
      FINISH(true, DKA_ACTIVATION_NONE);
    else if (g->activation == DKA_ACTIVATION_RELU)
      FINISH(true, DKA_ACTIVATION_RELU);
    else if (g->activation == DKA_ACTIVATION_GELU)
      FINISH(true, DKA_ACTIVATION_GELU);
    else
      FINISH(true, DKA_ACTIVATION_CLIP);
#undef FINISH
  }
}

/// Rows of A and the part of k for which they are packed at a time.
typedef struct {
  /// In tiles of even height: a last tile of a row or two would be far from the speed of a whole one. The first `taller`
  /// tiles have one row more than `height`.
  size_t row, count, tiles, height, taller;
  size_t k_begin, depth;
  /// Lines that each tile fetches, and how many of them come with each group of steps along k beside the first.
  size_t tile_lines, more_lines;
} NAME(block);

/// The rows of the block from `row` on, a multiple of the part's blocks past its first row.
static NAME(block) NAME(rows_from)(const dka_gemm_part *part, size_t row) {
  const size_t rows = part->row_end - part->row_begin, blocks = (rows + MC - 1) / MC;
  const size_t block_rows = ((rows + blocks - 1) / blocks + MR - 1) / MR * MR, left = part->row_end - row;
  const size_t count = left < block_rows ? left : block_rows, tiles = (count + MR - 1) / MR;
  return (NAME(block)){
      .row = row, .count = count, .tiles = tiles, .height = count / tiles, .taller = count % tiles};
}

/// Lets the tiles of a block fetch `floats` floats between them. Once for a block: a division takes as long as several steps
/// along k.
static void NAME(share_fetches)(NAME(block) *block, size_t floats) {
  block->tile_lines = (floats / 16 + block->tiles - 1) / block->tiles;
  block->more_lines = block->tile_lines * GROUP / (block->depth + 1);
}

/// The part of k from `k_begin` on, for which a block of A is packed.
static void NAME(set_depth)(const dka_gemm *g, NAME(block) *block, size_t k_begin) {
  block->k_begin = k_begin;
  block->depth = g->k - k_begin < KC ? g->k - k_begin : KC;
  NAME(share_fetches)(block, block->depth * NR);
}

#include "patches.inc.h"

/// Whether A is read where it lies: few columns do not repay a copy of it.
static bool NAME(reads_in_place)(const dka_gemm *g, const dka_gemm_part *part) {
  const size_t columns = (part->panel_end - part->panel_begin) * NR;
  if (g->patches) return false;
  return g->a_column_stride == 1 ? columns <= (g->k <= KC ? 128 : 64) : g->a_row_stride == 1 && columns <= 64;
}

/// Whether tiles of long rows meet all panels one after the other, while all of B stays in L2, so that A comes in once.
static bool NAME(streams_rows)(const dka_gemm *g, const dka_gemm_part *part) {
  return NAME(reads_in_place)(g, part) && g->a_column_stride == 1 && 64 <= g->k && g->k <= KC;
}

/// Packs a block of A into the part's scratch.
static void NAME(pack_block)(const dka_gemm *g, const dka_gemm_part *part, const NAME(block) *block) {
  if (g->patches && g->patches->turned) return NAME(pack_turned_patches)(g, part, block);
  if (g->patches) return NAME(pack_patches)(g, part, block);
  const float *a = g->a + (ptrdiff_t)block->k_begin * g->a_column_stride;
  for (size_t i = 0, row = block->row, count; i < block->tiles; i++, row += count) {
    count = block->height + (i < block->taller);
    pack_panel(
        a + (ptrdiff_t)row * g->a_row_stride, g->a_row_stride, g->a_column_stride, count, block->depth, MR,
        part->scratch + i * MR * block->depth);
  }
}

/// Whether the last sums pass through memory on their way to C, because what follows them is more than registers hold.
static bool NAME(needs_memory)(const dka_gemm *g) {
  return g->row_bias || g->activation == DKA_ACTIVATION_GELU;
}

/// What the sums of a panel's columns from `column` on meet on their way to C, none of which `needs_memory`; the tile's
/// place is still missing.
static inline dka_tile_output NAME(way_to_c)(const dka_gemm *g, bool continues, bool finishes, size_t column) {
  dka_tile_output out = {.row_stride = g->c_row_stride, .alpha = g->alpha, .adds = continues};
  if (!finishes) return out;
  if (g->bias) out.bias = g->bias + column;
  out.residual_row_stride = g->residual_row_stride;
  out.activation = g->activation;
  out.lower = g->lower;
  out.upper = g->upper;
  return out;
}

/// Multiplies a block of A by one panel of B. The tiles fetch what stands at `next_floats`, which this thread will want soon.
static void NAME(multiply_panel)(
    const dka_gemm *g, const dka_gemm_part *part, const NAME(block) *block, size_t panel, const float *next_floats) {
  const size_t column = panel * NR, columns = g->n - column < NR ? g->n - column : NR, depth = block->depth;
  const bool continues = block->k_begin > 0 || g->accumulate, finishes = block->k_begin + depth == g->k;
  const bool goes_to_c = columns % VW == 0 && !(finishes && NAME(needs_memory)(g));
  const bool in_place = NAME(reads_in_place)(g, part);
  const bool by_rows = in_place && g->a_column_stride == 1;
  const float *a = in_place ? g->a + (ptrdiff_t)block->k_begin * g->a_column_stride : part->scratch;
  const float *b = g->packed_b + block->k_begin * ((g->n + NR - 1) / NR) * NR + panel * depth * NR;
  const char *next = (const char *)next_floats;
  const float *residual = goes_to_c && finishes ? g->residual : NULL;
  float tile[MR * NR] __attribute__((aligned(64)));
  dka_tile_output out = goes_to_c ? NAME(way_to_c)(g, continues, finishes, column)
                                  : (dka_tile_output){.line = tile, .row_stride = NR, .alpha = g->alpha};
  out.is_plain = !out.adds && !out.bias && !residual && out.activation == DKA_ACTIVATION_NONE;
  for (size_t i = 0, row = block->row, count; i < block->tiles; i++, row += count) {
    count = block->height + (i < block->taller);
    float *c = g->c + row * g->c_row_stride + column;
    if (goes_to_c) out.line = c;
    if (residual) out.residual = residual + row * g->residual_row_stride + column;
    const dka_ahead ahead = {next, block->more_lines, (const char *)c, g->c_row_stride * sizeof(float),
                             (const char *)out.residual, g->residual_row_stride * sizeof(float)};
    next += block->tile_lines * 64;
    const float *rows_of_a = in_place ? a + (ptrdiff_t)row * g->a_row_stride : a + i * MR * depth;
#define TILE(row_stride, depth_stride) \
  tile_product(count, columns, depth, rows_of_a, row_stride, depth_stride, b, ahead, out)
    // Strides that are constants are no instructions.
    if (by_rows)
      TILE(g->a_row_stride, 1);
    else if (in_place)
      TILE(1, g->a_column_stride);
    else
      TILE(1, MR);
#undef TILE
    if (!goes_to_c) NAME(finish_tile)(g, continues, finishes, row, count, column, columns, tile);
  }
}

/// The same, with the panel after it, or before it where `toward` is −1, as what is wanted next.
static void NAME(multiply_next_panel)(
    const dka_gemm *g, const dka_gemm_part *part, const NAME(block) *block, size_t panel, int toward) {
  const size_t floats = block->depth * NR;
  const float *b = g->packed_b + block->k_begin * ((g->n + NR - 1) / NR) * NR + panel * floats;
  NAME(multiply_panel)(g, part, block, panel, b + (ptrdiff_t)floats * toward);
}

/// Multiplies a block of A by all panels.
static void NAME(multiply_block)(const dka_gemm *g, const dka_gemm_part *part, const NAME(block) *block) {
  if (!NAME(streams_rows)(g, part)) {
    for (size_t panel = part->panel_begin; panel < part->panel_end; panel++)
      NAME(multiply_next_panel)(g, part, block, panel, 1);
    return;
  }
  // Tile by tile. The rows of the next one come in while this one is multiplied, two with each panel.
  NAME(block) tile = *block;
  tile.tiles = 1;
  tile.taller = 0;
  NAME(share_fetches)(&tile, 2 * block->depth);
  for (size_t i = 0; i < block->tiles; i++, tile.row += tile.height) {
    tile.height = block->height + (i < block->taller);
    const float *next = g->a + (ptrdiff_t)(tile.row + tile.height) * g->a_row_stride;
    for (size_t panel = part->panel_begin; panel < part->panel_end; panel++, next += 2 * g->a_row_stride)
      NAME(multiply_panel)(g, part, &tile, panel, next);
  }
}

void NAME(gemm)(const dka_gemm *g, dka_gemm_part *part) {
  const bool packs = !NAME(reads_in_place)(g, part);
  NAME(block) block;
  for (size_t row = part->row_begin; row < part->row_end; row += block.count) {
    block = NAME(rows_from)(part, row);
    size_t k_begin = 0;
    do {
      NAME(set_depth)(g, &block, k_begin);
      if (packs) NAME(pack_block)(g, part, &block);
      if (row + block.count == part->row_end && k_begin + block.depth == g->k) {
        dka_open_panels(part);
        for (size_t panel; dka_take_panel(part, false, &panel);)
          NAME(multiply_next_panel)(g, part, &block, panel, 1);
      } else {
        NAME(multiply_block)(g, part, &block);
      }
      k_begin += block.depth;
    } while (k_begin < g->k);
  }
}

void NAME(gemm_help)(const dka_gemm *g, dka_gemm_part *part) {
  size_t panel;
  if (!dka_take_panel(part, true, &panel)) return;
  NAME(block) block = NAME(rows_from)(part, part->row_begin);
  while (block.row + block.count < part->row_end) block = NAME(rows_from)(part, block.row + block.count);
  NAME(set_depth)(g, &block, g->k > 0 ? (g->k - 1) / KC * KC : 0);
  do
    NAME(multiply_next_panel)(g, part, &block, panel, -1);
  while (dka_take_panel(part, true, &panel));
}

void NAME(pack_b)(
    const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t n, size_t panel_begin,
    size_t panel_end, float *packed) {
  const size_t panels = (n + NR - 1) / NR;
  for (size_t k_begin = 0; k_begin < k; k_begin += KC) {
    const size_t depth = k - k_begin < KC ? k - k_begin : KC;
    for (size_t panel = panel_begin; panel < panel_end; panel++) {
      const size_t column = panel * NR;
      const size_t count = n - column < NR ? n - column : NR;
      pack_panel(
          b + (ptrdiff_t)k_begin * row_stride + (ptrdiff_t)column * column_stride, column_stride, row_stride, count,
          depth, NR, packed + k_begin * panels * NR + panel * depth * NR);
    }
  }
}

const dka_gemm_shape NAME(gemm_shape) = {MR, NR, KC, MC};
