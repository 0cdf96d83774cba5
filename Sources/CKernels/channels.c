// Convolution and maxima over maps whose channels lie side by side: the choice of level.
#include "CKernels.h"
#include "kernels.h"

void dka_channels_convolve(
    int level, const dka_channels *g, const float *x, const float *kernel, const float *bias, float *y,
    ptrdiff_t row_begin, ptrdiff_t row_end) {
  CHOOSE(channels_convolve, g, x, kernel, bias, y, row_begin, row_end);
}

void dka_channels_maximum(
    int level, const dka_channels *g, const float *x, float *y, ptrdiff_t row_begin, ptrdiff_t row_end) {
  CHOOSE(channels_maximum, g, x, y, row_begin, row_end);
}

void dka_channel_taps(
    int level, const dka_channels *g, const float *x, const float *dy, size_t images, ptrdiff_t lane, float *taps) {
  CHOOSE(channel_taps, g, x, dy, images, lane, taps);
}

ptrdiff_t dka_channel_lanes(int level) {
#if DKA_X86
  if (level == DKA_LEVEL_AVX512) return dka_channel_lanes_avx512;
  if (level == DKA_LEVEL_AVX2) return dka_channel_lanes_avx2;
#endif
  return dka_channel_lanes_portable;
}
