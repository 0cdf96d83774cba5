// Attention: the choice of level.
#include "CKernels.h"
#include "kernels.h"

size_t dka_attention_scratch(
    int level, const dka_attention *t, bool backward) {
  return CHOOSE(attention_scratch, t, backward);
}

void dka_attention_forward(
    int level, const dka_attention *t, dka_attention_output out, float *log_sums, size_t image, size_t head,
    float *scratch) {
  CHOOSE(attention_forward, t, out, log_sums, image, head, scratch);
}

void dka_attention_backward(
    int level, const dka_attention *t, dka_attention_view out, dka_attention_view dout, const float *log_sums,
    dka_attention_output dq, dka_attention_output dk, dka_attention_output dv, size_t image, size_t head,
    float *scratch) {
  CHOOSE(attention_backward, t, out, dout, log_sums, dq, dk, dv, image, head, scratch);
}
