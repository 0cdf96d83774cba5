// Scaled dot-product attention of one (image, head) at one level, by the packed product on stripes of query rows.
//
// Included once per level after vector_math.inc.h. A stripe's scores stay in the caches; the cut into stripes follows from the
// number of keys alone, and so do all bits.

/// A multiple of every level's tile rows.
#define STRIPE_LIMIT 252

static size_t NAME(stripe_rows)(const dka_attention *t) {
  const size_t tile = dka_gemm_tile_rows(LEVEL), budget = 65536 / (t->keys ? t->keys : 1);
  const size_t rows = budget < 48 ? 48 : budget > STRIPE_LIMIT ? STRIPE_LIMIT : budget;
  return (rows + tile - 1) / tile * tile;
}

static size_t NAME(padded)(size_t count) { return (count + 15) / 16 * 16; }

static size_t NAME(larger)(size_t a, size_t b) { return a > b ? a : b; }

/// Sums the parts of scratch that the two functions below cut from it, in their order.
size_t NAME(attention_scratch)(const dka_attention *t, bool backward) {
  size_t stripe = NAME(stripe_rows)(t);
  stripe = t->queries < stripe ? t->queries : stripe;
  const size_t deepest = NAME(larger)(NAME(larger)(t->head_size, t->value_size), NAME(larger)(t->keys, stripe));
  const size_t scores = NAME(padded)(stripe * t->keys), product = dka_gemm_scratch_size(LEVEL, deepest);
  const size_t keys_across = dka_packed_size(LEVEL, t->head_size, t->keys);
  if (!backward) {
    return NAME(padded)(keys_across) + NAME(padded)(dka_packed_size(LEVEL, t->keys, t->value_size)) + scores +
           NAME(padded)(product);
  }
  const size_t rows_packed = NAME(larger)(
      dka_packed_size(LEVEL, stripe, t->head_size), dka_packed_size(LEVEL, stripe, t->value_size));
  return NAME(padded)(keys_across) + NAME(padded)(dka_packed_size(LEVEL, t->value_size, t->keys)) +
         NAME(padded)(dka_packed_size(LEVEL, t->keys, t->head_size)) + 2 * scores + NAME(padded)(rows_packed) +
         NAME(padded)(product);
}

/// All of B [k, n] packed to `packed`.
static void NAME(pack_all)(
    const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t n, float *packed) {
  const size_t width = dka_gemm_tile_columns(LEVEL);
  NAME(pack_b)(b, row_stride, column_stride, k, n, 0, (n + width - 1) / width, packed);
}

static void NAME(product)(
    size_t m, size_t n, size_t k, const float *a, ptrdiff_t a_row_stride, ptrdiff_t a_column_stride,
    const float *packed_b, float *c, size_t c_row_stride, float alpha, bool accumulate, float *scratch) {
  const dka_gemm g = {
      .m = m, .n = n, .k = k, .a = a, .a_row_stride = a_row_stride, .a_column_stride = a_column_stride,
      .packed_b = packed_b, .c = c, .c_row_stride = c_row_stride, .alpha = alpha, .accumulate = accumulate};
  const size_t width = dka_gemm_tile_columns(LEVEL);
  dka_gemm_part whole = {.row_end = m, .panel_end = (n + width - 1) / width, .scratch = scratch};
  NAME(gemm)(&g, &whole);
}

/// Adds the mask's rows from `first` on to a stripe of scores.
static void NAME(add_mask)(
    const dka_attention *t, const float *mask, size_t first, size_t rows, float *scores) {
  for (size_t r = 0; r < rows; r++) {
    float *row = scores + r * t->keys;
    const float *line = mask + (first + r) * t->mask_row_stride;
    if (t->mask_column_stride == 1)
      NAME(binary)(DKA_BINARY_ADD, row, line, 0, true, row, 1, t->keys);
    else
      for (size_t j = 0; j < t->keys; j++) row[j] += line[j * t->mask_column_stride];
  }
}

static const float *NAME(head)(dka_attention_view view, size_t image, size_t head) {
  return view.data + image * view.image_stride + head * view.head_stride;
}

static float *NAME(writable_head)(dka_attention_output view, size_t image, size_t head) {
  return view.data + image * view.image_stride + head * view.head_stride;
}

static const float *NAME(mask_of)(const dka_attention *t, size_t image, size_t head) {
  return t->mask ? t->mask + image * t->mask_image_stride + head * t->mask_head_stride : NULL;
}

void NAME(attention_forward)(
    const dka_attention *t, dka_attention_output out, float *log_sums, size_t image, size_t head, float *scratch) {
  const float *q = NAME(head)(t->q, image, head), *k = NAME(head)(t->k, image, head);
  const float *v = NAME(head)(t->v, image, head), *mask = NAME(mask_of)(t, image, head);
  float *o = NAME(writable_head)(out, image, head);
  const size_t keys = t->keys, stripe = NAME(stripe_rows)(t);
  const size_t largest = t->queries < stripe ? t->queries : stripe;
  float *keys_across = scratch;
  float *values = keys_across + NAME(padded)(dka_packed_size(LEVEL, t->head_size, keys));
  float *scores = values + NAME(padded)(dka_packed_size(LEVEL, keys, t->value_size));
  float *product_scratch = scores + NAME(padded)(largest * keys);
  NAME(pack_all)(k, 1, (ptrdiff_t)t->k.row_stride, t->head_size, keys, keys_across);
  NAME(pack_all)(v, (ptrdiff_t)t->v.row_stride, 1, keys, t->value_size, values);
  for (size_t first = 0; first < t->queries; first += stripe) {
    const size_t rows = t->queries - first < stripe ? t->queries - first : stripe;
    float *o_rows = o + first * out.row_stride;
    NAME(product)(
        rows, keys, t->head_size, q + first * t->q.row_stride, (ptrdiff_t)t->q.row_stride, 1, keys_across, scores,
        keys, t->scale, false, product_scratch);
    if (mask) NAME(add_mask)(t, mask, first, rows, scores);
    float sums[STRIPE_LIMIT];
    for (size_t r = 0; r < rows; r++) {
      float *row = scores + r * keys;
      const float shift = NAME(row_largest)(row, keys);
      sums[r] = NAME(row_exp)(row, shift, row, keys);
      if (log_sums) log_sums[(image * t->heads + head) * t->queries + first + r] = shift + logf(sums[r]);
    }
    NAME(product)(
        rows, t->value_size, keys, scores, (ptrdiff_t)keys, 1, values, o_rows, out.row_stride, 1, false,
        product_scratch);
    // Dividing the output costs value_size instead of keys multiplications per row.
    for (size_t r = 0; r < rows; r++)
      NAME(row_scale)(o_rows + r * out.row_stride, 1 / sums[r], o_rows + r * out.row_stride, t->value_size);
  }
}

void NAME(attention_backward)(
    const dka_attention *t, dka_attention_view out, dka_attention_view dout, const float *log_sums,
    dka_attention_output dq, dka_attention_output dk, dka_attention_output dv, size_t image, size_t head,
    float *scratch) {
  const float *q = NAME(head)(t->q, image, head), *k = NAME(head)(t->k, image, head);
  const float *v = NAME(head)(t->v, image, head), *mask = NAME(mask_of)(t, image, head);
  const float *o = NAME(head)(out, image, head), *go = NAME(head)(dout, image, head);
  const size_t keys = t->keys, stripe = NAME(stripe_rows)(t);
  const size_t largest = t->queries < stripe ? t->queries : stripe;
  float *keys_across = scratch;
  float *values_across = keys_across + NAME(padded)(dka_packed_size(LEVEL, t->head_size, keys));
  float *keys_packed = values_across + NAME(padded)(dka_packed_size(LEVEL, t->value_size, keys));
  float *p = keys_packed + NAME(padded)(dka_packed_size(LEVEL, keys, t->head_size));
  float *ds = p + NAME(padded)(largest * keys);
  float *rows_packed = ds + NAME(padded)(largest * keys);
  float *product_scratch = rows_packed + NAME(padded)(NAME(larger)(
                                             dka_packed_size(LEVEL, largest, t->head_size),
                                             dka_packed_size(LEVEL, largest, t->value_size)));
  NAME(pack_all)(k, 1, (ptrdiff_t)t->k.row_stride, t->head_size, keys, keys_across);
  NAME(pack_all)(v, 1, (ptrdiff_t)t->v.row_stride, t->value_size, keys, values_across);
  NAME(pack_all)(k, (ptrdiff_t)t->k.row_stride, 1, keys, t->head_size, keys_packed);
  for (size_t first = 0; first < t->queries; first += stripe) {
    const size_t rows = t->queries - first < stripe ? t->queries - first : stripe;
    const float *q_rows = q + first * t->q.row_stride, *go_rows = go + first * dout.row_stride;
    const float *o_rows = o + first * out.row_stride;
    NAME(product)(
        rows, keys, t->head_size, q_rows, (ptrdiff_t)t->q.row_stride, 1, keys_across, p, keys, t->scale, false,
        product_scratch);
    if (mask) NAME(add_mask)(t, mask, first, rows, p);
    NAME(product)(
        rows, keys, t->value_size, go_rows, (ptrdiff_t)dout.row_stride, 1, values_across, ds, keys, 1, false,
        product_scratch);
    for (size_t r = 0; r < rows; r++) {
      NAME(row_exp)(
          p + r * keys, log_sums[(image * t->heads + head) * t->queries + first + r], p + r * keys, keys);
      const float mean = NAME(row_dot)(go_rows + r * dout.row_stride, o_rows + r * out.row_stride, t->value_size);
      NAME(row_softmax_gradient)(p + r * keys, ds + r * keys, mean, ds + r * keys, keys);
    }
    if (dq.data)
      NAME(product)(
          rows, t->head_size, keys, ds, (ptrdiff_t)keys, 1, keys_packed,
          NAME(writable_head)(dq, image, head) + first * dq.row_stride, dq.row_stride, t->scale, false,
          product_scratch);
    if (dk.data) {
      NAME(pack_all)(q_rows, (ptrdiff_t)t->q.row_stride, 1, rows, t->head_size, rows_packed);
      NAME(product)(
          keys, t->head_size, rows, ds, 1, (ptrdiff_t)keys, rows_packed, NAME(writable_head)(dk, image, head),
          dk.row_stride, t->scale, first > 0, product_scratch);
    }
    if (dv.data) {
      NAME(pack_all)(go_rows, (ptrdiff_t)dout.row_stride, 1, rows, t->value_size, rows_packed);
      NAME(product)(
          keys, t->value_size, rows, p, 1, (ptrdiff_t)keys, rows_packed, NAME(writable_head)(dv, image, head),
          dv.row_stride, 1, first > 0, product_scratch);
    }
  }
}
