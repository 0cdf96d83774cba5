// Depthwise convolution: the choice of level.
#include "CKernels.h"
#include "kernels.h"

#if DKA_X86
#define CHOOSE(name, ...)                                           \
  (level == DKA_LEVEL_AVX512 ? dka_##name##_avx512(__VA_ARGS__)           \
   : level == DKA_LEVEL_AVX2 ? dka_##name##_avx2(__VA_ARGS__)             \
                             : dka_##name##_portable(__VA_ARGS__))
#else
#define CHOOSE(name, ...) ((void)level, dka_##name##_portable(__VA_ARGS__))
#endif

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
