// Elementwise functions, softmax and layer normalization: the choice of level.
#include "CKernels.h"
#include "kernels.h"

void dka_map(
    int level, int function, const float *x, float *y, size_t count) {
  CHOOSE(map, function, x, y, count);
}

void dka_map_gradient(
    int level, int function, const float *x, const float *dy, float *dx, size_t count) {
  CHOOSE(map_gradient, function, x, dy, dx, count);
}

void dka_clip(int level, const float *x, float low, float high, float *y, size_t count) {
  CHOOSE(clip, x, low, high, y, count);
}

void dka_clip_gradient(
    int level, const float *x, const float *dy, float low, float high, float *dx, size_t count) {
  CHOOSE(clip_gradient, x, dy, low, high, dx, count);
}

void dka_binary(
    int level, int operation, const float *a, const float *b, size_t b_row_stride, bool b_varies, float *y,
    size_t rows, size_t columns) {
  CHOOSE(binary, operation, a, b, b_row_stride, b_varies, y, rows, columns);
}

void dka_softmax(
    int level, const float *x, float *y, size_t rows, size_t columns) {
  CHOOSE(softmax, x, y, rows, columns);
}

void dka_softmax_gradient(
    int level, const float *y, const float *dy, float *dx, size_t rows, size_t columns) {
  CHOOSE(softmax_gradient, y, dy, dx, rows, columns);
}

void dka_layer_norm(
    int level, const float *x, const float *scale, const float *bias, float epsilon, float *y, float *means,
    float *inverse_deviations, size_t rows, size_t columns) {
  CHOOSE(layer_norm, x, scale, bias, epsilon, y, means, inverse_deviations, rows, columns);
}

void dka_layer_norm_gradient(
    int level, const float *x, const float *scale, const float *means, const float *inverse_deviations, const
    float *dy, float *dx, size_t rows, size_t columns) {
  CHOOSE(layer_norm_gradient, x, scale, means, inverse_deviations, dy, dx, rows, columns);
}

void dka_layer_norm_parameter_gradient(
    int level, const float *x, const float *means, const float *inverse_deviations, const float *dy, float
    *dscale, float *dbias, size_t rows, size_t columns, size_t column_begin, size_t column_end) {
  CHOOSE(layer_norm_parameter_gradient, x, means, inverse_deviations, dy, dscale, dbias, rows, columns,
      column_begin, column_end);
}
