// Depthwise convolution: the choice of level.
#include "CKernels.h"
#include "kernels.h"

void dka_depthwise_rows(
    int level, dka_depthwise g, const float *x, const float *window, float *y, ptrdiff_t stride, ptrdiff_t lanes,
    ptrdiff_t row_begin, ptrdiff_t row_end) {
  CHOOSE(depthwise_rows, g, x, window, y, stride, lanes, row_begin, row_end);
}

void dka_depthwise_taps(
    int level, dka_depthwise g, dka_depthwise_maps x, dka_depthwise_maps dy, ptrdiff_t lanes, ptrdiff_t u,
    float *taps) {
  CHOOSE(depthwise_taps, g, x, dy, lanes, u, taps);
}
