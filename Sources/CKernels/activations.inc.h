// exp, erf, GELU, tanh and sigmoid on one vector, and their derivatives, for any simd_*.h.
//
// The polynomials are weighted minimax fits made for this file; their own errors (beside rounding) stand with them.
#pragma once

static inline vf v_polynomial(vf x, const float *coefficients, int count) {
  vf sum = v_set(coefficients[count - 1]);
#pragma clang loop unroll(full)
  for (int i = count - 2; i >= 0; i--) sum = v_fma(sum, x, v_set(coefficients[i]));
  return sum;
}

/// eˣ within 1.5 ulp for −87.336 ≤ x ≤ 88.7228, where the result is a normal number.
static inline vf v_exp_inside(vf x) {
  // (eʳ − 1 − r) / r² on |r| ≤ ln 2 / 2, relative error of eʳ 3e-9.
  static const float tail[] = {0.4999999403953552f, 0.1666652113199234f, 0.04166838899254799f,
                               0.008368715643882751f, 0.0013814599951729178f};
  const vf n = v_round(v_mul(x, v_set(1.44269504f)));
  // ln 2 in two parts, the first short enough for exact products.
  const vf r = v_fma(n, v_set(-1.42860677e-6f), v_fma(n, v_set(-0.693145752f), x));
  const vf p = v_add(v_set(1), v_fma(v_mul(r, r), v_polynomial(r, tail, 5), r));
  return v_scale(p, n);
}

/// eˣ within 1.5 ulp; 0 where the result would not be a normal number, +∞ above ln(largest).
static inline vf v_exp(vf x) {
  const vf low = v_set(-87.336f), high = v_set(88.7228f);
  const vf y = v_exp_inside(v_min(high, v_max(low, x)));
  return v_select(v_less(high, x), v_set(INFINITY), v_select(v_less(x, low), v_zero(), y));
}

/// exp(u²) · erfc(u) for 0 ≤ u, relative error 2e-8 up to u = 9.8.
static inline vf v_scaled_erfc(vf u) {
  static const float series[] = {0.1691884845495224f,  0.17070825397968292f, 0.14838208258152008f,
                                 0.21477925777435303f, -0.09434496611356735f, 0.5473224520683289f,
                                 -0.5119624137878418f, 0.4854230582714081f, -0.12949621677398682f};
  const vf t = v_div(v_set(1), v_fma(u, v_set(0.3f), v_set(1)));
  return v_mul(t, v_polynomial(t, series, 9));
}

/// Error function within 3 ulp.
static inline vf v_erf(vf x) {
  // erf(x) / x in x² on |x| ≤ 0.75, relative error 1.5e-9.
  static const float near[] = {1.1283791065216064f,    -0.3761261999607086f,   0.11283376812934875f,
                               -0.026834623888134956f, 0.005114345345646143f, -0.0006749512394890189f};
  const vf u = v_abs(x);
  const vf small = v_mul(x, v_polynomial(v_mul(x, x), near, 6));
  const vf capped = v_min(v_set(4), u);
  const vf large = v_sub(v_set(1), v_mul(v_exp_inside(v_mul(v_sub(v_zero(), capped), capped)), v_scaled_erfc(capped)));
  return v_select(v_less(u, v_set(0.75f)), small, v_sign_of(large, x));
}

/// The upper tail of the normal distribution at |x|, and its density there times √(2π).
///
/// `magnitude` receives |x| up to 13, beyond which both vanish beside anything they are added to.
static inline vf v_normal_tail(vf x, vf *magnitude, vf *density) {
  *magnitude = v_min(v_set(13), v_abs(x));
  const vf u = v_mul(*magnitude, v_set(0.70710678f));
  *density = v_exp_inside(v_mul(v_sub(v_zero(), u), u));
  return v_mul(v_mul(*density, v_set(0.5f)), v_scaled_erfc(u));
}

/// x · Φ(x), absolute error below 2e-7: max(x, 0) − |x| · Φ(−|x|).
static inline vf v_gelu(vf x) {
  vf magnitude, density;
  const vf tail = v_normal_tail(x, &magnitude, &density);
  return v_sub(v_max(v_zero(), x), v_mul(magnitude, tail));
}

/// Φ(x) + x · φ(x).
static inline vf v_gelu_gradient(vf x) {
  vf magnitude, density;
  const vf tail = v_normal_tail(x, &magnitude, &density);
  const vf below = v_select(v_less(x, v_zero()), tail, v_sub(v_set(1), tail));
  return v_fma(v_mul(v_sign_of(magnitude, x), v_set(0.39894228f)), density, below);
}

/// Hyperbolic tangent within 3 ulp.
static inline vf v_tanh(vf x) {
  // (tanh(x) / x − 1) / x² in x² on |x| ≤ 0.625, relative error 4e-9.
  static const float near[] = {-0.3333328366279602f, 0.13331490755081177f, -0.05374349653720856f,
                               0.020650578662753105f, -0.005717036314308643f};
  const vf u = v_min(v_set(10), v_abs(x)), square = v_mul(x, x);
  const vf small = v_fma(v_mul(x, square), v_polynomial(square, near, 5), x);
  const vf large = v_sub(v_set(1), v_div(v_set(2), v_add(v_exp_inside(v_add(u, u)), v_set(1))));
  return v_select(v_less(v_abs(x), v_set(0.625f)), small, v_sign_of(large, x));
}

/// 1 / (1 + e⁻ˣ) within 3 ulp.
static inline vf v_sigmoid(vf x) {
  return v_div(v_set(1), v_add(v_set(1), v_exp(v_sub(v_zero(), x))));
}

/// The inner function of the tanh form of GELU, √(2/π) · (x + 0.044715 x³).
static inline vf v_gelu_tanh_argument(vf x) {
  const vf cube = v_mul(v_mul(x, x), v_mul(x, v_set(0.044715f)));
  return v_mul(v_set(0.7978845608f), v_add(x, cube));
}

/// x / 2 · (1 + tanh(√(2/π) (x + 0.044715 x³))), written as x · sigmoid(2 …) to keep the negative tail.
static inline vf v_gelu_tanh(vf x) {
  const vf argument = v_gelu_tanh_argument(x);
  return v_mul(x, v_sigmoid(v_add(argument, argument)));
}

/// Derivative of v_gelu_tanh.
static inline vf v_gelu_tanh_gradient(vf x) {
  const vf argument = v_gelu_tanh_argument(x);
  const vf s = v_sigmoid(v_add(argument, argument));
  const vf slope = v_mul(
      v_set(0.7978845608f), v_fma(v_mul(x, x), v_set(3 * 0.044715f), v_set(1)));
  const vf ds = v_mul(v_mul(s, v_sub(v_set(1), s)), v_add(slope, slope));
  return v_fma(x, ds, s);
}

/// s · (1 − s) for s = sigmoid(x), by the smaller of the two factors.
static inline vf v_sigmoid_gradient(vf x) {
  const vf e = v_exp(v_sub(v_zero(), v_abs(x))), s = v_div(v_set(1), v_add(v_set(1), e));
  return v_mul(v_mul(e, s), s);
}

/// 1 − tanh²(x) = 4 · sigmoid(2x) · (1 − sigmoid(2x)), which keeps its precision where tanh is near ±1.
static inline vf v_tanh_gradient(vf x) { return v_mul(v_set(4), v_sigmoid_gradient(v_add(x, x))); }
