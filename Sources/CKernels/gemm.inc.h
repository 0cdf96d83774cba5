// The packed matrix product of one level: packing, blocking and epilogue.
//
// Included once per level, after
//   VW … v_sum       the vector type (simd_*.h) and v_gelu, v_gelu_gradient (activations.inc.h)
//   NAME(x)          the level's name of x
//   MR, NR           rows and columns of a tile; NR = 2 · VW
//   KC, MC           depth and rows of a block: a panel of B (KC · NR) stays in L1 or close to it, a block of A (MC · KC) in L2
//   tile_product     gemm_tile.inc.h
//   pack_panel       (source, stride across, stride along k, count, k, width, out)
//
// Every element of the product is the sum over blocks of KC, first to last, of a sum with k ascending; it depends on
// one row of A and one column of B alone. Tiles, blocks of rows, threads and ranges of columns only choose when it is made.

/// Moves the sums of one block into C for one column of vectors; all Booleans and `activation` are constants after inlining.
///
/// `continues`: C holds the blocks before. `finishes`: this is the last block, so bias, activation and residual follow.
/// `whole`: the vector lies inside the matrix, else `mask` says which lanes do.
static inline __attribute__((always_inline)) void NAME(finish_vectors)(
    const dka_gemm *g, bool continues, bool finishes, int activation, bool whole, vmask mask, size_t row,
    size_t rows, size_t column, const float *tile) {
#define TAKE(p) (whole ? v_load(p) : v_load_mask((p), mask))
#define GIVE(p, x) (whole ? v_store((p), (x)) : v_store_mask((p), mask, (x)))
  const bool has_bias = finishes && g->bias, has_row_bias = finishes && g->row_bias;
  const bool has_residual = finishes && g->residual, keeps = finishes && g->pre;
  const vf bias = has_bias ? TAKE(g->bias + column) : v_zero();
  float *c = g->c + row * g->c_row_stride + column;
  for (size_t r = 0; r < rows; r++, c += g->c_row_stride) {
    vf x = v_load(tile + r * NR);
    if (continues) x = v_add(TAKE(c), x);
    if (has_bias) x = v_add(x, bias);
    if (has_row_bias) x = v_add(x, v_set(g->row_bias[row + r]));
    if (finishes && activation == DKA_ACTIVATION_GELU_GRADIENT)
      x = v_mul(x, v_gelu_gradient(TAKE(g->pre + (row + r) * g->pre_row_stride + column)));
    else if (keeps)
      GIVE(g->pre + (row + r) * g->pre_row_stride + column, x);
    if (finishes && activation == DKA_ACTIVATION_RELU) x = v_max(x, v_zero());
    if (finishes && activation == DKA_ACTIVATION_GELU) x = v_gelu(x);
    if (has_residual) x = v_add(x, TAKE(g->residual + (row + r) * g->residual_row_stride + column));
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
      FINISH(true, DKA_ACTIVATION_GELU_GRADIENT);
#undef FINISH
  }
}

void NAME(gemm)(
    const dka_gemm *g, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end, float *scratch) {
  const size_t panels = (g->n + NR - 1) / NR;
  const size_t rows = row_end - row_begin;
  // Few columns do not repay a copy of A: read its rows or columns where they lie.
  const bool reads_in_place =
      (panel_end - panel_begin) * NR <= 64 && (g->a_column_stride == 1 || g->a_row_stride == 1);
  const bool has_epilogue = g->row_bias || g->residual || g->pre || g->activation != DKA_ACTIVATION_NONE;
  const bool by_rows = reads_in_place && g->a_column_stride == 1;
  const size_t row_blocks = (rows + MC - 1) / MC;
  const size_t block_rows = row_blocks ? ((rows + row_blocks - 1) / row_blocks + MR - 1) / MR * MR : MR;
  float tile[MR * NR] __attribute__((aligned(64)));
  for (size_t block = row_begin; block < row_end; block += block_rows) {
    const size_t block_count = row_end - block < block_rows ? row_end - block : block_rows;
    // Tiles of even height: a last tile of a row or two would be far from the speed of a whole one.
    const size_t tiles = (block_count + MR - 1) / MR, height = block_count / tiles, taller = block_count % tiles;
    size_t k_begin = 0;
    do {
      const size_t depth = g->k - k_begin < KC ? g->k - k_begin : KC;
      const bool continues = k_begin > 0 || g->accumulate, finishes = k_begin + depth == g->k;
      // Sums with no more than a bias go to C from the registers.
      const bool is_plain = !finishes || !has_epilogue;
      const float *a = g->a + (ptrdiff_t)k_begin * g->a_column_stride;
      if (!reads_in_place) {
        for (size_t i = 0, row = block, count; i < tiles; i++, row += count) {
          count = height + (i < taller);
          pack_panel(
              a + (ptrdiff_t)row * g->a_row_stride, g->a_row_stride, g->a_column_stride, count, depth, MR,
              scratch + i * MR * depth);
        }
      }
      const float *b = g->packed_b + k_begin * panels * NR + panel_begin * depth * NR;
      // Each tile fetches its share of the next panel of B.
      const size_t lines = (depth * NR / 16 + tiles - 1) / tiles;
      for (size_t panel = panel_begin; panel < panel_end; panel++, b += depth * NR) {
        const size_t column = panel * NR;
        const size_t columns = g->n - column < NR ? g->n - column : NR;
        const bool goes_to_c = is_plain && columns == NR;
        const char *next = (const char *)(b + depth * NR);
        for (size_t i = 0, row = block, count; i < tiles; i++, row += count) {
          count = height + (i < taller);
          const dka_ahead ahead = {
              next, lines, (const char *)(g->c + row * g->c_row_stride + column),
              (ptrdiff_t)(g->c_row_stride * sizeof(float))};
          next += lines * 64;
          const dka_tile_output out =
              goes_to_c ? (dka_tile_output){
                              g->c + row * g->c_row_stride + column, g->c_row_stride, g->alpha, continues,
                              finishes && g->bias ? g->bias + column : NULL}
                        : (dka_tile_output){tile, NR, g->alpha, false, NULL};
          const float *rows_of_a = reads_in_place ? a + (ptrdiff_t)row * g->a_row_stride : scratch + i * MR * depth;
#define TILE(row_stride, depth_stride) \
  tile_product(count, columns, depth, rows_of_a, row_stride, depth_stride, b, ahead, out)
          // Strides that are constants are no instructions.
          if (by_rows)
            TILE(g->a_row_stride, 1);
          else if (reads_in_place)
            TILE(1, g->a_column_stride);
          else
            TILE(1, MR);
#undef TILE
          if (!goes_to_c) NAME(finish_tile)(g, continues, finishes, row, count, column, columns, tile);
        }
      }
      k_begin += depth;
    } while (k_begin < g->k);
  }
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
