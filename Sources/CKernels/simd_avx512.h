// Vector type of level 3: sixteen floats in AVX-512 registers. Include inside a pushed target attribute.
#pragma once

#define VW 16

typedef __m512 vf;
typedef __mmask16 vmask;

static inline vf v_set(float x) { return _mm512_set1_ps(x); }
static inline vf v_zero(void) { return _mm512_setzero_ps(); }
static inline vf v_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void v_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
/// The mask of the first `count` lanes (all of them when there are more).
static inline vmask v_mask(size_t count) { return (vmask)(count < VW ? (1u << count) - 1u : 0xffffu); }
static inline vf v_load_mask(const float *p, vmask m) { return _mm512_maskz_loadu_ps(m, p); }
static inline void v_store_mask(float *p, vmask m, vf a) { _mm512_mask_storeu_ps(p, m, a); }
static inline vf v_keep(vf a, vmask m, vf other) { return _mm512_mask_blend_ps(m, other, a); }
static inline vf v_add(vf a, vf b) { return _mm512_add_ps(a, b); }
static inline vf v_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
static inline vf v_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
static inline vf v_div(vf a, vf b) { return _mm512_div_ps(a, b); }
static inline vf v_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
/// Larger of two; when one is not a number, b.
static inline vf v_max(vf a, vf b) { return _mm512_max_ps(a, b); }
static inline vf v_min(vf a, vf b) { return _mm512_min_ps(a, b); }
/// a where it is above zero or not a number, else +0.
static inline vf v_positive(vf a) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, v_zero(), _CMP_NLE_UQ), a);
}
/// All bits set where a < b.
static inline vf v_less(vf a, vf b) {
  return _mm512_castsi512_ps(_mm512_movm_epi32(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ)));
}
/// All bits set where a ≤ b.
static inline vf v_at_most(vf a, vf b) {
  return _mm512_castsi512_ps(_mm512_movm_epi32(_mm512_cmp_ps_mask(a, b, _CMP_LE_OQ)));
}
static inline vf v_select(vf condition, vf yes, vf no) {
  return _mm512_mask_blend_ps(_mm512_movepi32_mask(_mm512_castps_si512(condition)), no, yes);
}
static inline vf v_abs(vf a) { return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), a); }
/// Magnitude of a, sign of s.
static inline vf v_sign_of(vf a, vf s) {
  const vf bit = _mm512_set1_ps(-0.0f);
  return _mm512_or_ps(_mm512_andnot_ps(bit, a), _mm512_and_ps(bit, s));
}
/// Nearest whole number, ties to even.
static inline vf v_round(vf a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/// a · 2ⁿ for whole n, a and the result normal numbers.
static inline vf v_scale(vf a, vf n) {
  const __m512i exponent = _mm512_slli_epi32(_mm512_cvtps_epi32(n), 23);
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), exponent));
}
static inline float v_sum(vf a) {
  const __m256 h = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
static inline float v_largest(vf a) {
  const __m256 h = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}
