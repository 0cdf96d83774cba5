// What a tile of the packed product is told: where its sums go, and what it fetches ahead.
#pragma once
#include <stdbool.h>
#include <stddef.h>

/// Where a tile's sums go, row by row:
/// line[c] = activation((adds ? line[c] : 0) + alpha · sum + (bias ? bias[c] : 0) + (residual ? residual[c] : 0)).
typedef struct {
  /// The tile's first element, and the elements between its rows.
  float *line;
  size_t row_stride;
  float alpha;
  /// Whether the sums are added to what is there.
  bool adds;
  /// Added per column, or null.
  const float *bias;
  /// Added to the first row, or null; and the elements to that of the next.
  const float *residual;
  size_t residual_row_stride;
  /// DKA_ACTIVATION_NONE, _RELU or _CLIP with its bounds.
  int activation;
  float lower, upper;
  /// Whether line[c] = alpha · sum.
  bool is_plain;
} dka_tile_output;

/// What a tile fetches into the caches for those after it.
typedef struct {
  /// What will be wanted, and how many lines of it come with each group of steps beside the first.
  const char *b;
  size_t more_lines;
  /// The first element of the tile in C, and the bytes between its rows.
  const char *c;
  size_t c_row_bytes;
  /// The same of the residual, or null.
  const char *residual;
  size_t residual_row_bytes;
} dka_ahead;

/// Fetches a line of the next panel of B, and goes to the next; past the end of B it does nothing.
static inline __attribute__((always_inline)) void fetch_line(dka_ahead *ahead) {
  __builtin_prefetch(ahead->b, 0, 2);
  ahead->b += 64;
}

/// Fetches a row of the tile in C and in the residual, of `bytes` bytes each, and goes to the next.
static inline __attribute__((always_inline)) void fetch_row(dka_ahead *ahead, size_t bytes) {
  for (size_t byte = 0; byte < bytes; byte += 64) __builtin_prefetch(ahead->c + byte, 1, 3);
  ahead->c += ahead->c_row_bytes;
  if (!ahead->residual) return;
  for (size_t byte = 0; byte < bytes; byte += 64) __builtin_prefetch(ahead->residual + byte, 0, 3);
  ahead->residual += ahead->residual_row_bytes;
}
