// How a band of a padded map lies in scratch memory.
#pragma once
#include "CKernels.h"

/// Rows of results that are made from one band, so that it stays in the nearest cache.
#define DKA_PLANE_BAND 8

/// The widest vector: results are made in whole ones, and what the last reads beyond its line lies in memory.
#define DKA_PLANE_VECTOR 16

/// Places of one phase of a line: the columns that are `column_stride` apart lie side by side.
static inline ptrdiff_t dka_plane_phase(const dka_plane *g) {
  const ptrdiff_t vectors = (g->columns + DKA_PLANE_VECTOR - 1) / DKA_PLANE_VECTOR;
  return (g->kernel_width - 1) * g->column_dilation / g->column_stride + vectors * DKA_PLANE_VECTOR;
}

/// Floats of a line: all its phases.
static inline ptrdiff_t dka_plane_line(const dka_plane *g) { return g->column_stride * dka_plane_phase(g); }

/// Lines that `rows` rows of results read.
static inline ptrdiff_t dka_plane_band_lines(const dka_plane *g, ptrdiff_t rows) {
  return (rows - 1) * g->row_stride + (g->kernel_height - 1) * g->row_dilation + 1;
}
