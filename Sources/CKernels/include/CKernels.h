// Numeric kernels in C: what needs processor instructions that Swift does not reach by default.
//
// Every function takes a level (one of DKA_LEVEL_*; the caller asks dka_best_level once and passes it on). All matrices are
// float32. Sizes and strides count elements, not bytes. No function allocates, keeps state or starts threads.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Plain C, any processor.
#define DKA_LEVEL_PORTABLE 0
/// x86-64 with AVX2 and FMA.
#define DKA_LEVEL_AVX2 2
/// x86-64 with AVX-512 F, DQ, BW and VL.
#define DKA_LEVEL_AVX512 3

/// The best level this processor and operating system can run.
int dka_best_level(void);

/// GFLOP/s of a loop of fused multiply-adds on registers alone, run for about `seconds` on the calling thread: the
/// ceiling of every product at that level. At the portable level multiplication and addition are two instructions.
double dka_peak_gflops(int level, double seconds);

/// Tells the processor that this thread waits for another in a loop.
static inline void dka_spin_hint(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#define DKA_ACTIVATION_NONE 0
#define DKA_ACTIVATION_RELU 1
/// x · Φ(x) with the exact error function.
#define DKA_ACTIVATION_GELU 2
/// min(max(x, lower), upper), NaN where x is.
#define DKA_ACTIVATION_CLIP 3

/// The left side of a product as a convolution reads it: from maps whose channels lie side by side, not from a matrix.
///
/// Row (b · rows + i) · columns + j of it holds for the taps (u, v) in order the channels of
/// x[b, i · row_stride + u · row_dilation − top, j · column_stride + v · column_dilation − left], zeros outside the map.
typedef struct dka_patches {
  /// Of a map, of the positions that it is read at, and of the kernel.
  ptrdiff_t height, width, rows, columns, kernel_height, kernel_width;
  /// Elements between places of a map, and how many of them are read.
  ptrdiff_t place_stride, channels;
  ptrdiff_t row_stride, column_stride, row_dilation, column_dilation, top, left;
  /// Whether rows are the channels of one tap instead, and columns the positions.
  bool turned;
  ptrdiff_t tap_row, tap_column;
} dka_patches;

/// The product C = activation(alpha · A · B + bias + residual), with B packed by dka_pack_b; GELU is applied before the
/// residual is added.
///
/// Element (i, j) of the sum is made with k ascending in blocks of a fixed depth, by the same instructions wherever it
/// lies: its bits depend on row i of A and column j of B alone, not on m, n, the cut into parts or the number of threads.
typedef struct dka_gemm {
  size_t m, n, k;
  /// A [m, k]: element (i, k) at a[i · a_row_stride + k · a_column_stride]. Not needed when k = 0.
  const float *a;
  ptrdiff_t a_row_stride, a_column_stride;
  /// How A is read from maps at `a` instead, or null.
  const dka_patches *patches;
  /// Whole packed B, 64-byte aligned.
  const float *packed_b;
  /// C [m, n], rows contiguous. May not overlap any input except as `accumulate` says.
  float *c;
  size_t c_row_stride;
  float alpha;
  /// Adds the product to what C holds, before bias and activation.
  bool accumulate;
  /// One of DKA_ACTIVATION_*, and the bounds of DKA_ACTIVATION_CLIP.
  int activation;
  float lower, upper;
  /// Added per column [n], or null.
  const float *bias;
  /// Added per row [m], or null.
  const float *row_bias;
  /// Added before the activation, GELU's excepted, or null.
  const float *residual;
  size_t residual_row_stride;
} dka_gemm;

/// Rows of a tile: parts that start at a multiple of it waste nothing.
size_t dka_gemm_tile_rows(int level);

/// Columns of a panel of packed B.
size_t dka_gemm_tile_columns(int level);

/// Floats in packed B [k, n]; it must be 64-byte aligned. Sizes are the caller's to check against overflow.
size_t dka_packed_size(int level, size_t k, size_t n);

/// Packs the panels [panel_begin, panel_end) of B; element (k, j) at b[k · row_stride + j · column_stride].
///
/// Panel p holds the columns from p · dka_gemm_tile_columns on. Strides make W and its transpose alike. Calls for
/// disjoint ranges may run at the same time.
void dka_pack_b(
    int level, const float *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t n,
    size_t panel_begin, size_t panel_end, float *packed);

/// Floats of scratch that one running dka_gemm_compute needs, 64-byte aligned.
size_t dka_gemm_scratch_size(int level, size_t k);

/// A part of a product: its rows in the columns of its panels.
typedef struct dka_gemm_part {
  size_t row_begin, row_end, panel_begin, panel_end;
  /// Of the thread that computes the part; whoever helps reads it.
  float *scratch;
  /// 0 at first. The kernels' own: which panels anyone may still take, once only they are left.
  uint64_t open_panels;
} dka_gemm_part;

/// Makes a part. Disjoint parts may run at the same time, each with its own scratch.
void dka_gemm_compute(int level, const dka_gemm *g, dka_gemm_part *part);

/// Makes what is left to take of a part that another thread computes: nothing before that thread is at the last block of k.
///
/// The part's scratch must stay as it is until this returns.
void dka_gemm_help(int level, const dka_gemm *g, dka_gemm_part *part);

#define DKA_MAP_EXP 0
#define DKA_MAP_ERF 1
#define DKA_MAP_TANH 2
#define DKA_MAP_SIGMOID 3
/// x · Φ(x).
#define DKA_MAP_GELU 4
/// x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))).
#define DKA_MAP_GELU_TANH 5
#define DKA_MAP_RELU 6

/// y[i] = function(x[i]) for one of DKA_MAP_*; y may be x.
///
/// exp within 1.5 ulp (0 below the normal numbers), erf, tanh and sigmoid within 3 ulp, GELU within 2e-7 absolute.
void dka_map(int level, int function, const float *x, float *y, size_t count);

/// dx[i] = dy[i] · function'(x[i]); dx may be dy. The derivative is made from x, not from the function's value.
void dka_map_gradient(int level, int function, const float *x, const float *dy, float *dx, size_t count);

/// y[i] = min(max(x[i], low), high), NaN where x[i] is; y may be x. The bounds are numbers, and the upper wins.
void dka_clip(int level, const float *x, float low, float high, float *y, size_t count);

/// dx[i] = dy[i] where low ≤ x[i] ≤ high, else 0; dx may be dy.
void dka_clip_gradient(
    int level, const float *x, const float *dy, float low, float high, float *dx, size_t count);

#define DKA_BINARY_ADD 0
#define DKA_BINARY_SUBTRACT 1
#define DKA_BINARY_MULTIPLY 2
#define DKA_BINARY_DIVIDE 3

/// y[r, c] = a[r, c] (op) b[r · b_row_stride + (b_varies ? c : 0)]; a and y [rows, columns] contiguous, y may be a or b.
///
/// The strides give a whole matrix (columns, true), a row for all rows (0, true), a value per row (1, false) and one
/// value (0, false).
void dka_binary(
    int level, int operation, const float *a, const float *b, size_t b_row_stride, bool b_varies, float *y,
    size_t rows, size_t columns);

/// Softmax of each row of x [rows, columns]; y may be x.
void dka_softmax(int level, const float *x, float *y, size_t rows, size_t columns);

/// dx = y · (dy − Σ y · dy) per row, from the softmax y; dx may be dy.
void dka_softmax_gradient(
    int level, const float *y, const float *dy, float *dx, size_t rows, size_t columns);

/// y = (x − mean) / √(variance + epsilon) · scale + bias per row of x [rows, columns]; y may be x.
///
/// scale and bias [columns] may be null. `means` and `inverse_deviations` [rows] receive the row's mean and
/// 1 / √(variance + epsilon), or are null. The variance is summed from the differences to the mean.
void dka_layer_norm(
    int level, const float *x, const float *scale, const float *bias, float epsilon, float *y, float *means,
    float *inverse_deviations, size_t rows, size_t columns);

/// Gradient of dka_layer_norm by x, from the saved means and inverse deviations; dx may be dy. scale may be null.
void dka_layer_norm_gradient(
    int level, const float *x, const float *scale, const float *means, const float *inverse_deviations,
    const float *dy, float *dx, size_t rows, size_t columns);

/// Gradients by scale and bias for the columns [column_begin, column_end), summed over rows in ascending order.
///
/// dscale and dbias [columns] may be null. Calls for disjoint columns may run at the same time.
void dka_layer_norm_parameter_gradient(
    int level, const float *x, const float *means, const float *inverse_deviations, const float *dy, float *dscale,
    float *dbias, size_t rows, size_t columns, size_t column_begin, size_t column_end);

/// Where one operand of attention lies: element (image, head, row, i) at
/// data[image · image_stride + head · head_stride + row · row_stride + i].
///
/// Packed qkv [B, N, 3, h, d] is image_stride N · 3 · h · d, head_stride d, row_stride 3 · h · d, with data moved on by
/// h · d for keys and 2 · h · d for values.
typedef struct dka_attention_view {
  const float *data;
  size_t image_stride, head_stride, row_stride;
} dka_attention_view;

/// The same for an operand that is written.
typedef struct dka_attention_output {
  float *data;
  size_t image_stride, head_stride, row_stride;
} dka_attention_output;

/// softmax(scale · q · kᵀ + mask) · v for each image and head.
///
/// Where attention stays within windows, an image here is one window of a picture, and `rows` says where its rows lie: row n of
/// image i at data[i / windows · image_stride + head · head_stride + rows[i % windows · queries + n] · row_stride], in all
/// operands and results alike. Queries are as many as keys then, and no row is in two windows.
typedef struct dka_attention {
  size_t heads, queries, keys;
  /// Length of a query and of a key; length of a value.
  size_t head_size, value_size;
  dka_attention_view q, k, v;
  float scale;
  /// One scale per head in place of `scale`, or null.
  const float *head_scales;
  const uint32_t *rows;
  size_t windows;
  /// Added to the scores: element (image, head, query, key) by its four strides, each of which may be 0. Or null.
  const float *mask;
  /// Which mask image i has: mask_kinds[i % mask_period]; null where it is mask i.
  const uint32_t *mask_kinds;
  size_t mask_period;
  size_t mask_image_stride, mask_head_stride, mask_row_stride, mask_column_stride;
} dka_attention;

/// Floats of scratch that one running call needs, 64-byte aligned.
size_t dka_attention_scratch(int level, const dka_attention *t, bool backward);

/// Attention of one (image, head). Calls for different ones may run at the same time, each with its own scratch.
///
/// `log_sums` [images, heads, queries] receives ln Σ exp(score) per row for the backward pass, or is null.
void dka_attention_forward(
    int level, const dka_attention *t, dka_attention_output out, float *log_sums, size_t image, size_t head,
    float *scratch);

/// Gradients of one (image, head); probabilities are made again from q, k and the saved `log_sums`.
///
/// `out` is the forward result and `dout` its gradient. dq, dk and dv are overwritten (not added to); one whose data is
/// null is skipped. Needs at least one query.
void dka_attention_backward(
    int level, const dka_attention *t, dka_attention_view out, dka_attention_view dout, const float *log_sums,
    dka_attention_output dq, dka_attention_output dk, dka_attention_output dv, size_t image, size_t head,
    float *scratch);

/// Channels of one group: what a place of maps and a tap of live windows have side by side.
#define DKA_DEPTHWISE_LANES 16

/// Sizes of a depthwise convolution with zero padding, stride 1 and a result of the operand's size.
typedef struct dka_depthwise {
  ptrdiff_t images, height, width;
  /// Rows and columns that the live window reaches beyond its centre, less than `height` and `width`.
  ptrdiff_t row_radius, column_radius;
} dka_depthwise;

/// Where one group of channels lies in maps: channel c of (image, place) at
/// data[image · image_stride + place · column_stride + c]; rows follow each other.
typedef struct dka_depthwise_maps {
  const float *data;
  ptrdiff_t image_stride, column_stride;
} dka_depthwise_maps;

/// Rows [row_begin, row_end) of y[i, j] = Σ(u, v) x[i + u, j + v] · window[u, v] for one group of one image.
///
/// x and y [height, width] have their places `stride` apart. A negative stride, with x and y at their last place, turns the
/// window by half a turn. window [2 · row_radius + 1, 2 · column_radius + 1, DKA_DEPTHWISE_LANES]; all `lanes` channels,
/// rounded up to whole vectors, must lie in memory. An element is summed over rows, then columns, along the stride.
void dka_depthwise_rows(
    int level, dka_depthwise g, const float *x, const float *window, float *y, ptrdiff_t stride, ptrdiff_t lanes,
    ptrdiff_t row_begin, ptrdiff_t row_end);

/// The taps of row u, from −row_radius to row_radius: taps[v] = Σ(b, i, j) dy[b, i, j] · x[b, i + u, j + v].
///
/// For one group; needs at least one image. x has its places DKA_DEPTHWISE_LANES apart; taps
/// [2 · column_radius + 1, DKA_DEPTHWISE_LANES]. An image is summed over rows, then columns, and added to those before.
void dka_depthwise_taps(
    int level, dka_depthwise g, dka_depthwise_maps x, dka_depthwise_maps dy, ptrdiff_t lanes, ptrdiff_t u,
    float *taps);

/// How each channel is convolved with a kernel of its own, or its windows' maxima taken, in maps whose channels lie side by
/// side.
typedef struct dka_channels {
  /// Positions, taps and steps; place_stride elements stand between places of x, and each of its `channels` is one.
  dka_patches patches;
  /// Elements between rows and columns of results.
  ptrdiff_t result_row_stride, result_column_stride;
  /// DKA_ACTIVATION_NONE, _RELU or _CLIP with its bounds.
  int activation;
  float lower, upper;
} dka_channels;

/// Rows [row_begin, row_end) of one image's y = activation(Σ taps x · kernel + bias); kernel [taps, channels], bias [channels]
/// or null. Taps outside the map are left out; a result is summed over taps in order.
void dka_channels_convolve(
    int level, const dka_channels *g, const float *x, const float *kernel, const float *bias, float *y,
    ptrdiff_t row_begin, ptrdiff_t row_end);

/// Rows [row_begin, row_end) of one image's windows' largest elements, not a number where there is such an element. Every
/// window needs an element of the map.
void dka_channels_maximum(
    int level, const dka_channels *g, const float *x, float *y, ptrdiff_t row_begin, ptrdiff_t row_end);

/// taps [taps, channels] = Σ images, positions dy · x for a vector of channels from `lane` on, a multiple of
/// dka_channel_lanes. dy has places as far apart as x.
void dka_channel_taps(
    int level, const dka_channels *g, const float *x, const float *dy, size_t images, ptrdiff_t lane, float *taps);

/// Channels that one dka_channel_taps makes.
ptrdiff_t dka_channel_lanes(int level);
