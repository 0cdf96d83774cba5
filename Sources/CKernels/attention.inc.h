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

/// Floats that hold copies of the operands and results of one window: q, k, v and out, and as much for the gradients.
static size_t NAME(window_copies)(const dka_attention *t, bool backward) {
  if (!t->rows) return 0;
  const size_t one = 2 * (NAME(padded)(t->keys * t->head_size) + NAME(padded)(t->keys * t->value_size));
  return backward ? 2 * one : one;
}

/// Sums the parts of scratch that the functions below cut from it, in their order.
size_t NAME(attention_scratch)(const dka_attention *t, bool backward) {
  size_t stripe = NAME(stripe_rows)(t);
  stripe = t->queries < stripe ? t->queries : stripe;
  const size_t deepest = NAME(larger)(NAME(larger)(t->head_size, t->value_size), NAME(larger)(t->keys, stripe));
  const size_t scores = NAME(padded)(stripe * t->keys), product = dka_gemm_scratch_size(LEVEL, deepest);
  const size_t keys_across = dka_packed_size(LEVEL, t->head_size, t->keys), copies = NAME(window_copies)(t, backward);
  if (!backward) {
    return copies + NAME(padded)(keys_across) + NAME(padded)(dka_packed_size(LEVEL, t->keys, t->value_size)) +
           scores + NAME(padded)(product);
  }
  const size_t rows_packed = NAME(larger)(
      dka_packed_size(LEVEL, stripe, t->head_size), dka_packed_size(LEVEL, stripe, t->value_size));
  return copies + NAME(padded)(keys_across) + NAME(padded)(dka_packed_size(LEVEL, t->value_size, t->keys)) +
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

/// Rows of one head: operands, results and what they are scaled with and masked by.
typedef struct NAME(attention_head) {
  struct {
    const float *data;
    size_t stride;
  } q, k, v, out, dout;
  struct {
    float *data;
    size_t stride;
  } dq, dk, dv;
  const float *mask;
  float scale;
} NAME(attention_head);

#define HEAD_ROWS(view)                                                                                               \
  { (view).data ? (view).data + picture * (view).image_stride + head * (view).head_stride : NULL, (view).row_stride }

/// The picture of which an image is a window, or itself.
static size_t NAME(picture_of)(const dka_attention *t, size_t image) { return t->rows ? image / t->windows : image; }

/// The rows of (image, head) where they lie; all of a picture's rows where there are windows.
static NAME(attention_head) NAME(head_of)(
    const dka_attention *t, dka_attention_view out, dka_attention_view dout, dka_attention_output dq,
    dka_attention_output dk, dka_attention_output dv, size_t image, size_t head) {
  const size_t picture = NAME(picture_of)(t, image);
  const size_t kind = t->mask_kinds ? t->mask_kinds[image % t->mask_period] : image;
  return (NAME(attention_head)){
      .q = HEAD_ROWS(t->q), .k = HEAD_ROWS(t->k), .v = HEAD_ROWS(t->v), .out = HEAD_ROWS(out),
      .dout = HEAD_ROWS(dout), .dq = HEAD_ROWS(dq), .dk = HEAD_ROWS(dk), .dv = HEAD_ROWS(dv),
      .mask = t->mask ? t->mask + kind * t->mask_image_stride + head * t->mask_head_stride : NULL,
      .scale = t->head_scales ? t->head_scales[head] : t->scale};
}

#undef HEAD_ROWS

/// The rows that a window lists, one behind the other.
static void NAME(gather_rows)(
    const float *from, size_t stride, const uint32_t *rows, size_t count, size_t width, float *to) {
  for (size_t n = 0; n < count; n++) memcpy(to + n * width, from + rows[n] * stride, width * sizeof(float));
}

static void NAME(scatter_rows)(
    const float *from, const uint32_t *rows, size_t count, size_t width, float *to, size_t stride) {
  for (size_t n = 0; n < count; n++) memcpy(to + rows[n] * stride, from + n * width, width * sizeof(float));
}

/// Copies q, k and v of a window to scratch and lets the head point there.
static void NAME(copy_operands)(
    const dka_attention *t, const uint32_t *rows, NAME(attention_head) *h, float *scratch) {
  float *q = scratch, *k = q + NAME(padded)(t->queries * t->head_size), *v = k + NAME(padded)(t->keys * t->head_size);
  NAME(gather_rows)(h->q.data, h->q.stride, rows, t->queries, t->head_size, q);
  NAME(gather_rows)(h->k.data, h->k.stride, rows, t->keys, t->head_size, k);
  NAME(gather_rows)(h->v.data, h->v.stride, rows, t->keys, t->value_size, v);
  h->q.data = q, h->q.stride = t->head_size;
  h->k.data = k, h->k.stride = t->head_size;
  h->v.data = v, h->v.stride = t->value_size;
}

static void NAME(head_forward)(
    const dka_attention *t, const NAME(attention_head) *h, float *o, size_t o_stride, float *log_sums,
    float *scratch) {
  const float *q = h->q.data;
  const size_t keys = t->keys, stripe = NAME(stripe_rows)(t);
  const size_t largest = t->queries < stripe ? t->queries : stripe;
  float *keys_across = scratch;
  float *values = keys_across + NAME(padded)(dka_packed_size(LEVEL, t->head_size, keys));
  float *scores = values + NAME(padded)(dka_packed_size(LEVEL, keys, t->value_size));
  float *product_scratch = scores + NAME(padded)(largest * keys);
  NAME(pack_all)(h->k.data, 1, (ptrdiff_t)h->k.stride, t->head_size, keys, keys_across);
  NAME(pack_all)(h->v.data, (ptrdiff_t)h->v.stride, 1, keys, t->value_size, values);
  for (size_t first = 0; first < t->queries; first += stripe) {
    const size_t rows = t->queries - first < stripe ? t->queries - first : stripe;
    float *o_rows = o + first * o_stride;
    NAME(product)(
        rows, keys, t->head_size, q + first * h->q.stride, (ptrdiff_t)h->q.stride, 1, keys_across, scores,
        keys, h->scale, false, product_scratch);
    if (h->mask) NAME(add_mask)(t, h->mask, first, rows, scores);
    float sums[STRIPE_LIMIT];
    for (size_t r = 0; r < rows; r++) {
      float *row = scores + r * keys;
      const float shift = NAME(row_largest)(row, keys);
      sums[r] = NAME(row_exp)(row, shift, row, keys);
      if (log_sums) log_sums[first + r] = shift + logf(sums[r]);
    }
    NAME(product)(
        rows, t->value_size, keys, scores, (ptrdiff_t)keys, 1, values, o_rows, o_stride, 1, false,
        product_scratch);
    // Dividing the output costs value_size instead of keys multiplications per row.
    for (size_t r = 0; r < rows; r++)
      NAME(row_scale)(o_rows + r * o_stride, 1 / sums[r], o_rows + r * o_stride, t->value_size);
  }
}

void NAME(attention_forward)(
    const dka_attention *t, dka_attention_output out, float *log_sums, size_t image, size_t head, float *scratch) {
  const dka_attention_view none = {0};
  const dka_attention_output nothing = {0};
  NAME(attention_head) h = NAME(head_of)(t, none, none, nothing, nothing, nothing, image, head);
  if (log_sums) log_sums += (image * t->heads + head) * t->queries;
  float *o = out.data + NAME(picture_of)(t, image) * out.image_stride + head * out.head_stride;
  if (!t->rows) {
    NAME(head_forward)(t, &h, o, out.row_stride, log_sums, scratch);
    return;
  }
  const uint32_t *rows = t->rows + image % t->windows * t->queries;
  NAME(copy_operands)(t, rows, &h, scratch);
  float *window = scratch + NAME(window_copies)(t, false) - NAME(padded)(t->queries * t->value_size);
  NAME(head_forward)(t, &h, window, t->value_size, log_sums, scratch + NAME(window_copies)(t, false));
  NAME(scatter_rows)(window, rows, t->queries, t->value_size, o, out.row_stride);
}

static void NAME(head_backward)(
    const dka_attention *t, const NAME(attention_head) *h, const float *log_sums, float *scratch) {
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
  NAME(pack_all)(h->k.data, 1, (ptrdiff_t)h->k.stride, t->head_size, keys, keys_across);
  NAME(pack_all)(h->v.data, 1, (ptrdiff_t)h->v.stride, t->value_size, keys, values_across);
  NAME(pack_all)(h->k.data, (ptrdiff_t)h->k.stride, 1, keys, t->head_size, keys_packed);
  for (size_t first = 0; first < t->queries; first += stripe) {
    const size_t rows = t->queries - first < stripe ? t->queries - first : stripe;
    const float *q_rows = h->q.data + first * h->q.stride, *go_rows = h->dout.data + first * h->dout.stride;
    const float *o_rows = h->out.data + first * h->out.stride;
    NAME(product)(
        rows, keys, t->head_size, q_rows, (ptrdiff_t)h->q.stride, 1, keys_across, p, keys, h->scale, false,
        product_scratch);
    if (h->mask) NAME(add_mask)(t, h->mask, first, rows, p);
    NAME(product)(
        rows, keys, t->value_size, go_rows, (ptrdiff_t)h->dout.stride, 1, values_across, ds, keys, 1, false,
        product_scratch);
    for (size_t r = 0; r < rows; r++) {
      NAME(row_exp)(p + r * keys, log_sums[first + r], p + r * keys, keys);
      const float mean = NAME(row_dot)(go_rows + r * h->dout.stride, o_rows + r * h->out.stride, t->value_size);
      NAME(row_softmax_gradient)(p + r * keys, ds + r * keys, mean, ds + r * keys, keys);
    }
    if (h->dq.data)
      NAME(product)(
          rows, t->head_size, keys, ds, (ptrdiff_t)keys, 1, keys_packed, h->dq.data + first * h->dq.stride,
          h->dq.stride, h->scale, false, product_scratch);
    if (h->dk.data) {
      NAME(pack_all)(q_rows, (ptrdiff_t)h->q.stride, 1, rows, t->head_size, rows_packed);
      NAME(product)(
          keys, t->head_size, rows, ds, 1, (ptrdiff_t)keys, rows_packed, h->dk.data, h->dk.stride,
          h->scale, first > 0, product_scratch);
    }
    if (h->dv.data) {
      NAME(pack_all)(go_rows, (ptrdiff_t)h->dout.stride, 1, rows, t->value_size, rows_packed);
      NAME(product)(
          keys, t->value_size, rows, p, 1, (ptrdiff_t)keys, rows_packed, h->dv.data, h->dv.stride,
          1, first > 0, product_scratch);
    }
  }
}

void NAME(attention_backward)(
    const dka_attention *t, dka_attention_view out, dka_attention_view dout, const float *log_sums,
    dka_attention_output dq, dka_attention_output dk, dka_attention_output dv, size_t image, size_t head,
    float *scratch) {
  NAME(attention_head) h = NAME(head_of)(t, out, dout, dq, dk, dv, image, head);
  log_sums += (image * t->heads + head) * t->queries;
  if (!t->rows) {
    NAME(head_backward)(t, &h, log_sums, scratch);
    return;
  }
  const uint32_t *rows = t->rows + image % t->windows * t->queries;
  const NAME(attention_head) whole = h;
  const size_t key_size = NAME(padded)(t->keys * t->head_size), value_size = NAME(padded)(t->keys * t->value_size);
  NAME(copy_operands)(t, rows, &h, scratch);
  float *o = scratch + 2 * key_size + value_size, *go = o + value_size, *q = go + value_size, *k = q + key_size;
  float *v = k + key_size;
  NAME(gather_rows)(h.out.data, h.out.stride, rows, t->queries, t->value_size, o);
  NAME(gather_rows)(h.dout.data, h.dout.stride, rows, t->queries, t->value_size, go);
  h.out.data = o, h.out.stride = t->value_size;
  h.dout.data = go, h.dout.stride = t->value_size;
  if (h.dq.data) h.dq.data = q, h.dq.stride = t->head_size;
  if (h.dk.data) h.dk.data = k, h.dk.stride = t->head_size;
  if (h.dv.data) h.dv.data = v, h.dv.stride = t->value_size;
  NAME(head_backward)(t, &h, log_sums, scratch + NAME(window_copies)(t, true));
  if (h.dq.data) NAME(scatter_rows)(q, rows, t->queries, t->head_size, whole.dq.data, whole.dq.stride);
  if (h.dk.data) NAME(scatter_rows)(k, rows, t->keys, t->head_size, whole.dk.data, whole.dk.stride);
  if (h.dv.data) NAME(scatter_rows)(v, rows, t->keys, t->value_size, whole.dv.data, whole.dv.stride);
}
