// Fetching ahead of the hot loop of the packed product.
#pragma once
#include <stddef.h>

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
