// Elementwise functions, row softmax and layer normalization of one level.
//
// Included once per level after the vector type, activations.inc.h and NAME(x). Ends of rows go through masks, so an element's
// bits do not depend on where it lies; sums over a row use four accumulators of VW lanes in an order fixed by the row length.

#define MAP_LOOP(expression)                                                 \
  for (size_t i = 0; i < count; i += VW) {                                   \
    const vmask mask = v_mask(count - i);                                    \
    const bool whole = count - i >= VW;                                      \
    const vf a = whole ? v_load(x + i) : v_load_mask(x + i, mask);           \
    const vf result = (expression);                                          \
    whole ? v_store(y + i, result) : v_store_mask(y + i, mask, result);      \
  }                                                                          \
  return

void NAME(map)(int function, const float *x, float *y, size_t count) {
  switch (function) {
  case DKA_MAP_EXP: MAP_LOOP(v_exp(a));
  case DKA_MAP_ERF: MAP_LOOP(v_erf(a));
  case DKA_MAP_TANH: MAP_LOOP(v_tanh(a));
  case DKA_MAP_SIGMOID: MAP_LOOP(v_sigmoid(a));
  case DKA_MAP_GELU: MAP_LOOP(v_gelu(a));
  case DKA_MAP_GELU_TANH: MAP_LOOP(v_gelu_tanh(a));
  case DKA_MAP_RELU: MAP_LOOP(v_positive(a));
  }
}

void NAME(clip)(const float *x, float low, float high, float *y, size_t count) {
  const vf lower = v_set(low), upper = v_set(high);
  // The operand that wins where one is not a number is the element.
  MAP_LOOP(v_min(upper, v_max(lower, a)));
}

#define GRADIENT_LOOP(expression)                                            \
  for (size_t i = 0; i < count; i += VW) {                                   \
    const vmask mask = v_mask(count - i);                                    \
    const bool whole = count - i >= VW;                                      \
    const vf a = whole ? v_load(x + i) : v_load_mask(x + i, mask);           \
    const vf g = whole ? v_load(dy + i) : v_load_mask(dy + i, mask);         \
    const vf result = (expression);                                          \
    whole ? v_store(dx + i, result) : v_store_mask(dx + i, mask, result);    \
  }                                                                          \
  return

void NAME(map_gradient)(int function, const float *x, const float *dy, float *dx, size_t count) {
  switch (function) {
  case DKA_MAP_EXP: GRADIENT_LOOP(v_mul(g, v_exp(a)));
  case DKA_MAP_ERF: GRADIENT_LOOP(v_mul(g, v_mul(v_set(1.12837917f), v_exp(v_mul(v_sub(v_zero(), a), a)))));
  case DKA_MAP_TANH: GRADIENT_LOOP(v_mul(g, v_tanh_gradient(a)));
  case DKA_MAP_SIGMOID: GRADIENT_LOOP(v_mul(g, v_sigmoid_gradient(a)));
  case DKA_MAP_GELU: GRADIENT_LOOP(v_mul(g, v_gelu_gradient(a)));
  case DKA_MAP_GELU_TANH: GRADIENT_LOOP(v_mul(g, v_gelu_tanh_gradient(a)));
  case DKA_MAP_RELU: GRADIENT_LOOP(v_select(v_less(v_zero(), a), g, v_zero()));
  }
}

void NAME(clip_gradient)(
    const float *x, const float *dy, float low, float high, float *dx, size_t count) {
  const vf lower = v_set(low), upper = v_set(high), zero = v_zero();
  GRADIENT_LOOP(v_select(v_at_most(lower, a), v_select(v_at_most(a, upper), g, zero), zero));
}

#undef MAP_LOOP
#undef GRADIENT_LOOP

#define BINARY_LOOP(operation)                                                                  \
  for (size_t row = 0; row < rows; row++) {                                                     \
    const float *left = a + row * columns, *right = b + row * b_row_stride;                     \
    float *out = y + row * columns;                                                             \
    const vf constant = v_set(right[0]);                                                        \
    for (size_t i = 0; i < columns; i += VW) {                                                  \
      const vmask mask = v_mask(columns - i);                                                   \
      const bool whole = columns - i >= VW;                                                     \
      const vf l = whole ? v_load(left + i) : v_load_mask(left + i, mask);                      \
      vf r = constant;                                                                          \
      if (b_varies) r = whole ? v_load(right + i) : v_load_mask(right + i, mask);               \
      const vf result = operation(l, r);                                                        \
      whole ? v_store(out + i, result) : v_store_mask(out + i, mask, result);                   \
    }                                                                                           \
  }                                                                                             \
  return

void NAME(binary)(
    int operation, const float *a, const float *b, size_t b_row_stride, bool b_varies, float *y, size_t rows,
    size_t columns) {
  if (columns == 0) return;
  switch (operation) {
  case DKA_BINARY_ADD: BINARY_LOOP(v_add);
  case DKA_BINARY_SUBTRACT: BINARY_LOOP(v_sub);
  case DKA_BINARY_MULTIPLY: BINARY_LOOP(v_mul);
  case DKA_BINARY_DIVIDE: BINARY_LOOP(v_div);
  }
}

#undef BINARY_LOOP

/// Runs `body` over a row in vectors named by their offset i and mask (null-lane loads give 0), with four accumulators.
#define ROW_SUM(total, term)                                                                     \
  do {                                                                                           \
    vf sum0 = v_zero(), sum1 = v_zero(), sum2 = v_zero(), sum3 = v_zero();                       \
    size_t i = 0;                                                                                \
    const vmask mask = v_mask(VW);                                                               \
    const bool whole = true;                                                                     \
    for (; i + 4 * VW <= columns; i += VW) {                                                     \
      sum0 = v_add(sum0, term), i += VW;                                                         \
      sum1 = v_add(sum1, term), i += VW;                                                         \
      sum2 = v_add(sum2, term), i += VW;                                                         \
      sum3 = v_add(sum3, term);                                                                  \
    }                                                                                            \
    for (; i + VW <= columns; i += VW) sum0 = v_add(sum0, term);                                 \
    (void)mask, (void)whole;                                                                     \
    if (i < columns) {                                                                           \
      const vmask mask = v_mask(columns - i);                                                    \
      const bool whole = false;                                                                  \
      sum1 = v_add(sum1, v_keep(term, mask, v_zero()));                                          \
    }                                                                                            \
    total = v_sum(v_add(v_add(sum0, sum1), v_add(sum2, sum3)));                                  \
  } while (0)
#define AT(p) (whole ? v_load((p) + i) : v_load_mask((p) + i, mask))

static inline float NAME(row_largest)(const float *x, size_t columns) {
  vf largest0 = v_set(-INFINITY), largest1 = largest0;
  size_t i = 0;
  for (; i + 2 * VW <= columns; i += 2 * VW) {
    largest0 = v_max(largest0, v_load(x + i));
    largest1 = v_max(largest1, v_load(x + i + VW));
  }
  for (; i < columns; i += VW) {
    const vmask mask = v_mask(columns - i);
    largest0 = v_max(largest0, v_keep(v_load_mask(x + i, mask), mask, largest0));
  }
  return v_largest(v_max(largest0, largest1));
}

/// y[i] = exp(x[i] − shift), and their sum.
static inline float NAME(row_exp)(const float *x, float shift, float *y, size_t columns) {
  const vf s = v_set(shift);
  vf sum0 = v_zero(), sum1 = v_zero();
  size_t i = 0;
  for (; i + 2 * VW <= columns; i += 2 * VW) {
    const vf e0 = v_exp(v_sub(v_load(x + i), s)), e1 = v_exp(v_sub(v_load(x + i + VW), s));
    v_store(y + i, e0);
    v_store(y + i + VW, e1);
    sum0 = v_add(sum0, e0);
    sum1 = v_add(sum1, e1);
  }
  for (; i < columns; i += VW) {
    const vmask mask = v_mask(columns - i);
    const vf e = v_exp(v_sub(v_load_mask(x + i, mask), s));
    v_store_mask(y + i, mask, e);
    sum0 = v_add(sum0, v_keep(e, mask, v_zero()));
  }
  return v_sum(v_add(sum0, sum1));
}

/// y[i] = factor · x[i].
static inline void NAME(row_scale)(const float *x, float factor, float *y, size_t columns) {
  const vf f = v_set(factor);
  for (size_t i = 0; i < columns; i += VW) {
    const vmask mask = v_mask(columns - i);
    if (columns - i >= VW)
      v_store(y + i, v_mul(f, v_load(x + i)));
    else
      v_store_mask(y + i, mask, v_mul(f, v_load_mask(x + i, mask)));
  }
}

static inline float NAME(row_dot)(const float *x, const float *y, size_t columns) {
  float total;
  ROW_SUM(total, v_mul(AT(x), AT(y)));
  return total;
}

/// dx[i] = y[i] · (dy[i] − mean).
static inline void NAME(row_softmax_gradient)(const float *y, const float *dy, float mean, float *dx, size_t columns) {
  const vf m = v_set(mean);
  for (size_t i = 0; i < columns; i += VW) {
    const vmask mask = v_mask(columns - i);
    const bool whole = columns - i >= VW;
    const vf result = v_mul(AT(y), v_sub(AT(dy), m));
    whole ? v_store(dx + i, result) : v_store_mask(dx + i, mask, result);
  }
}

void NAME(softmax)(const float *x, float *y, size_t rows, size_t columns) {
  for (size_t row = 0; row < rows; row++, x += columns, y += columns) {
    const float sum = NAME(row_exp)(x, NAME(row_largest)(x, columns), y, columns);
    NAME(row_scale)(y, 1 / sum, y, columns);
  }
}

void NAME(softmax_gradient)(const float *y, const float *dy, float *dx, size_t rows, size_t columns) {
  for (size_t row = 0; row < rows; row++, y += columns, dy += columns, dx += columns)
    NAME(row_softmax_gradient)(y, dy, NAME(row_dot)(y, dy, columns), dx, columns);
}

void NAME(layer_norm)(
    const float *x, const float *scale, const float *bias, float epsilon, float *y, float *means,
    float *inverse_deviations, size_t rows, size_t columns) {
  for (size_t row = 0; row < rows; row++, x += columns, y += columns) {
    float total, squares;
    ROW_SUM(total, AT(x));
    const vf mean = v_set(total / (float)columns);
    ROW_SUM(squares, v_mul(v_sub(AT(x), mean), v_sub(AT(x), mean)));
    const float inverse = 1 / sqrtf(squares / (float)columns + epsilon);
    const vf factor = v_set(inverse);
    for (size_t i = 0; i < columns; i += VW) {
      const vmask mask = v_mask(columns - i);
      const bool whole = columns - i >= VW;
      vf result = v_mul(v_sub(AT(x), mean), factor);
      if (scale) result = v_mul(result, AT(scale));
      if (bias) result = v_add(result, AT(bias));
      whole ? v_store(y + i, result) : v_store_mask(y + i, mask, result);
    }
    if (means) means[row] = total / (float)columns;
    if (inverse_deviations) inverse_deviations[row] = inverse;
  }
}

void NAME(layer_norm_gradient)(
    const float *x, const float *scale, const float *means, const float *inverse_deviations, const float *dy,
    float *dx, size_t rows, size_t columns) {
  for (size_t row = 0; row < rows; row++, x += columns, dy += columns, dx += columns) {
    const vf mean = v_set(means[row]), factor = v_set(inverse_deviations[row]);
    float total, projection;
#define SCALED (scale ? v_mul(AT(dy), AT(scale)) : AT(dy))
#define NORMAL v_mul(v_sub(AT(x), mean), factor)
    ROW_SUM(total, SCALED);
    ROW_SUM(projection, v_mul(SCALED, NORMAL));
    const vf average = v_set(total / (float)columns), along = v_set(projection / (float)columns);
    for (size_t i = 0; i < columns; i += VW) {
      const vmask mask = v_mask(columns - i);
      const bool whole = columns - i >= VW;
      const vf rest = v_sub(v_sub(SCALED, average), v_mul(NORMAL, along));
      const vf result = v_mul(factor, rest);
      whole ? v_store(dx + i, result) : v_store_mask(dx + i, mask, result);
    }
#undef SCALED
#undef NORMAL
  }
}

void NAME(layer_norm_parameter_gradient)(
    const float *x, const float *means, const float *inverse_deviations, const float *dy, float *dscale,
    float *dbias, size_t rows, size_t columns, size_t column_begin, size_t column_end) {
  for (size_t i = column_begin; i < column_end; i += VW) {
    const vmask mask = v_mask(column_end - i);
    const bool whole = column_end - i >= VW;
    vf scale_sum = v_zero(), bias_sum = v_zero();
    for (size_t row = 0; row < rows; row++) {
      const vf g = AT(dy + row * columns);
      const vf normal = v_mul(v_sub(AT(x + row * columns), v_set(means[row])), v_set(inverse_deviations[row]));
      scale_sum = v_fma(g, normal, scale_sum);
      bias_sum = v_add(bias_sum, g);
    }
    if (dscale) whole ? v_store(dscale + i, scale_sum) : v_store_mask(dscale + i, mask, scale_sum);
    if (dbias) whole ? v_store(dbias + i, bias_sum) : v_store_mask(dbias + i, mask, bias_sum);
  }
}

#undef ROW_SUM
#undef AT
