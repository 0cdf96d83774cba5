// Vector type of level 0: four floats in the compiler's vector extension, no processor features assumed.
#pragma once
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VW 4

typedef float vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));
typedef size_t vmask;

static inline vf v_set(float x) { return (vf){x, x, x, x}; }
static inline vf v_zero(void) { return v_set(0); }
static inline vf v_load(const float *p) { vf r; memcpy(&r, p, sizeof r); return r; }
static inline void v_store(float *p, vf a) { memcpy(p, &a, sizeof a); }
/// The mask of the first `count` lanes (all of them when there are more).
static inline vmask v_mask(size_t count) { return count < VW ? count : VW; }
static inline vf v_load_mask(const float *p, vmask m) { vf r = v_zero(); memcpy(&r, p, m * sizeof(float)); return r; }
static inline void v_store_mask(float *p, vmask m, vf a) { memcpy(p, &a, m * sizeof(float)); }
static inline vf v_keep(vf a, vmask m, vf other) {
  for (size_t i = m; i < VW; i++) a[i] = other[i];
  return a;
}
static inline vf v_add(vf a, vf b) { return a + b; }
static inline vf v_sub(vf a, vf b) { return a - b; }
static inline vf v_mul(vf a, vf b) { return a * b; }
static inline vf v_div(vf a, vf b) { return a / b; }
static inline vf v_fma(vf a, vf b, vf c) { return a * b + c; }
static inline vf v_choose(vi condition, vf yes, vf no) {
  return (vf)((condition & (vi)yes) | (~condition & (vi)no));
}
/// Larger of two; when one is not a number, b.
static inline vf v_max(vf a, vf b) { return v_choose(a > b, a, b); }
static inline vf v_min(vf a, vf b) { return v_choose(a < b, a, b); }
/// a where it is above zero or not a number, else +0.
static inline vf v_positive(vf a) { return (vf)(~(vi)(a <= v_zero()) & (vi)a); }
static inline vf v_less(vf a, vf b) { return (vf)(a < b); }
static inline vf v_at_most(vf a, vf b) { return (vf)(a <= b); }
static inline vf v_select(vf condition, vf yes, vf no) { return v_choose((vi)condition, yes, no); }
static inline vf v_abs(vf a) { return (vf)((vi)a & (vi){0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffff}); }
/// Magnitude of a, sign of s.
static inline vf v_sign_of(vf a, vf s) {
  const vi bit = {INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN};
  return (vf)(((vi)a & ~bit) | ((vi)s & bit));
}
/// Nearest whole number for |a| < 2²², ties to even.
static inline vf v_round(vf a) {
  const vf magic = v_set(12582912.0f);
  volatile vf shifted = a + magic;
  return shifted - magic;
}
/// a · 2ⁿ for whole n, a and the result normal numbers.
static inline vf v_scale(vf a, vf n) { return (vf)((vi)a + (__builtin_convertvector(n, vi) << 23)); }
static inline float v_sum(vf a) { return (a[0] + a[2]) + (a[1] + a[3]); }
static inline float v_largest(vf a) {
  const float x = a[0] > a[1] ? a[0] : a[1], y = a[2] > a[3] ? a[2] : a[3];
  return x > y ? x : y;
}
