// What the C files share and Swift does not see: the levels' entry points behind the dispatching functions.
#pragma once
#include "CKernels.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#define DKA_X86 1
#else
#define DKA_X86 0
#endif

/// The function `name` of the level that `level` names, a parameter of whoever uses this.
#if DKA_X86
#define CHOOSE(name, ...)                                     \
  (level == DKA_LEVEL_AVX512 ? dka_##name##_avx512(__VA_ARGS__) \
   : level == DKA_LEVEL_AVX2 ? dka_##name##_avx2(__VA_ARGS__)   \
                             : dka_##name##_portable(__VA_ARGS__))
#else
#define CHOOSE(name, ...) ((void)level, dka_##name##_portable(__VA_ARGS__))
#endif

#define DKA_DECLARE_GEMM(level)                                                                                   \
  void dka_gemm_##level(const dka_gemm *g, dka_gemm_part *part);                                                  \
  void dka_gemm_help_##level(const dka_gemm *g, dka_gemm_part *part);                                             \
  void dka_pack_b_##level(                                                                                        \
      const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t n, size_t panel_begin,      \
      size_t panel_end, float *packed);                                                                           \
  extern const dka_gemm_shape dka_gemm_shape_##level;

/// Tile and block sizes of a level.
typedef struct {
  size_t tile_rows, tile_columns, block_depth, block_rows;
} dka_gemm_shape;

#define DKA_DECLARE_VECTOR_MATH(level)                                                                            \
  void dka_map_##level(int function, const float *x, float *y, size_t count);                                     \
  void dka_map_gradient_##level(int function, const float *x, const float *dy, float *dx, size_t count);          \
  void dka_clip_##level(const float *x, float low, float high, float *y, size_t count);                            \
  void dka_clip_gradient_##level(const float *x, const float *dy, float low, float high, float *dx, size_t        \
        count);                                                                                                   \
  void dka_binary_##level(int operation, const float *a, const float *b, size_t b_row_stride, bool b_varies,      \
        float *y, size_t rows, size_t columns);                                                                   \
  void dka_softmax_##level(const float *x, float *y, size_t rows, size_t columns);                                \
  void dka_softmax_gradient_##level(const float *y, const float *dy, float *dx, size_t rows, size_t               \
        columns);                                                                                                 \
  void dka_layer_norm_##level(const float *x, const float *scale, const float *bias, float epsilon, float         \
        *y, float *means, float *inverse_deviations, size_t rows, size_t columns);                                \
  void dka_layer_norm_gradient_##level(const float *x, const float *scale, const float *means, const float        \
        *inverse_deviations, const float *dy, float *dx, size_t rows, size_t columns);                            \
  void dka_layer_norm_parameter_gradient_##level(const float *x, const float *means, const float                  \
        *inverse_deviations, const float *dy, float *dscale, float *dbias, size_t rows, size_t columns,           \
        size_t column_begin, size_t column_end);

#define DKA_DECLARE_ATTENTION(level)                                                                              \
  size_t dka_attention_scratch_##level(const dka_attention *t, bool backward);                                    \
  void dka_attention_forward_##level(const dka_attention *t, dka_attention_output out, float *log_sums,           \
        size_t image, size_t head, float *scratch);                                                               \
  void dka_attention_backward_##level(const dka_attention *t, dka_attention_view out, dka_attention_view          \
        dout, const float *log_sums, dka_attention_output dq, dka_attention_output dk,                            \
        dka_attention_output dv, size_t image, size_t head, float *scratch);

#define DKA_DECLARE_DEPTHWISE(level)                                                                              \
  void dka_depthwise_rows_##level(dka_depthwise g, const float *x, const float *window, float *y,                 \
        ptrdiff_t stride, ptrdiff_t lanes, ptrdiff_t row_begin, ptrdiff_t row_end);                               \
  void dka_depthwise_taps_##level(dka_depthwise g, dka_depthwise_maps x, dka_depthwise_maps dy,                   \
        ptrdiff_t lanes, ptrdiff_t u, float *taps);

#define DKA_DECLARE_CHANNELS(level)                                                                               \
  void dka_channels_convolve_##level(const dka_channels *g, const float *x, const float *kernel, const float      \
        *bias, float *y, ptrdiff_t row_begin, ptrdiff_t row_end);                                                 \
  void dka_channels_maximum_##level(const dka_channels *g, const float *x, float *y, ptrdiff_t row_begin,         \
        ptrdiff_t row_end);                                                                                       \
  void dka_channel_taps_##level(const dka_channels *g, const float *x, const float *dy, size_t images,            \
        ptrdiff_t lane, float *taps);                                                                             \
  extern const ptrdiff_t dka_channel_lanes_##level;

#define DKA_DECLARE_LEVEL(level)                                                                                  \
  DKA_DECLARE_GEMM(level)                                                                                         \
  DKA_DECLARE_VECTOR_MATH(level)                                                                                  \
  DKA_DECLARE_ATTENTION(level)                                                                                    \
  DKA_DECLARE_DEPTHWISE(level)                                                                                    \
  DKA_DECLARE_CHANNELS(level)

DKA_DECLARE_LEVEL(portable)
#if DKA_X86
DKA_DECLARE_LEVEL(avx2)
DKA_DECLARE_LEVEL(avx512)
#endif
