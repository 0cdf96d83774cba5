// What a tile of the packed product is told: where its sums go, and what it fetches ahead.
#pragma once
#include <stdbool.h>
#include <stddef.h>

/// Where a tile's sums go: line[c] = (adds ? line[c] : 0) + alpha · sum + (bias ? bias[c] : 0), row by row.
typedef struct {
  /// The tile's first element, and the elements between its rows.
  float *line;
  size_t row_stride;
  float alpha;
  /// Whether the sums are added to what is there.
  bool adds;
  /// Added per column, or null.
  const float *bias;
} dka_tile_output;

/// What a tile fetches into the caches for those after it.
typedef struct {
  /// The next panel of B, and how many lines of it this tile fetches.
  const char *b;
  size_t b_lines;
  /// The first element of the tile in C, and the bytes between its rows.
  const char *c;
  ptrdiff_t c_row_bytes;
} dka_ahead;

/// Fetches a line of the next panel of B, and goes to the next; past the end of B it does nothing.
static inline __attribute__((always_inline)) void fetch_line(dka_ahead *ahead) {
  __builtin_prefetch(ahead->b, 0, 2);
  ahead->b += 64;
}

/// Fetches a row of the tile in C, of `bytes` bytes, and goes to the next.
static inline __attribute__((always_inline)) void fetch_row(dka_ahead *ahead, size_t bytes) {
  for (size_t byte = 0; byte < bytes; byte += 64) __builtin_prefetch(ahead->c + byte, 1, 3);
  ahead->c += ahead->c_row_bytes;
}
