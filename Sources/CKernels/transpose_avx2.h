// Packing of panels for the levels with AVX2: eight by eight transposes in registers.
#pragma once

/// Writes eight source lines of eight floats as eight columns: out[k · width + i] = line[i][k].
static inline void transpose_8x8(const float *const line[8], size_t offset, float *out, size_t width) {
  const __m256 l0 = _mm256_loadu_ps(line[0] + offset), l1 = _mm256_loadu_ps(line[1] + offset);
  const __m256 l2 = _mm256_loadu_ps(line[2] + offset), l3 = _mm256_loadu_ps(line[3] + offset);
  const __m256 l4 = _mm256_loadu_ps(line[4] + offset), l5 = _mm256_loadu_ps(line[5] + offset);
  const __m256 l6 = _mm256_loadu_ps(line[6] + offset), l7 = _mm256_loadu_ps(line[7] + offset);
  const __m256 a0 = _mm256_unpacklo_ps(l0, l1), a1 = _mm256_unpackhi_ps(l0, l1);
  const __m256 a2 = _mm256_unpacklo_ps(l2, l3), a3 = _mm256_unpackhi_ps(l2, l3);
  const __m256 a4 = _mm256_unpacklo_ps(l4, l5), a5 = _mm256_unpackhi_ps(l4, l5);
  const __m256 a6 = _mm256_unpacklo_ps(l6, l7), a7 = _mm256_unpackhi_ps(l6, l7);
  const __m256 b0 = _mm256_shuffle_ps(a0, a2, 0x44), b1 = _mm256_shuffle_ps(a0, a2, 0xee);
  const __m256 b2 = _mm256_shuffle_ps(a1, a3, 0x44), b3 = _mm256_shuffle_ps(a1, a3, 0xee);
  const __m256 b4 = _mm256_shuffle_ps(a4, a6, 0x44), b5 = _mm256_shuffle_ps(a4, a6, 0xee);
  const __m256 b6 = _mm256_shuffle_ps(a5, a7, 0x44), b7 = _mm256_shuffle_ps(a5, a7, 0xee);
  _mm256_storeu_ps(out + 0 * width, _mm256_permute2f128_ps(b0, b4, 0x20));
  _mm256_storeu_ps(out + 1 * width, _mm256_permute2f128_ps(b1, b5, 0x20));
  _mm256_storeu_ps(out + 2 * width, _mm256_permute2f128_ps(b2, b6, 0x20));
  _mm256_storeu_ps(out + 3 * width, _mm256_permute2f128_ps(b3, b7, 0x20));
  _mm256_storeu_ps(out + 4 * width, _mm256_permute2f128_ps(b0, b4, 0x31));
  _mm256_storeu_ps(out + 5 * width, _mm256_permute2f128_ps(b1, b5, 0x31));
  _mm256_storeu_ps(out + 6 * width, _mm256_permute2f128_ps(b2, b6, 0x31));
  _mm256_storeu_ps(out + 7 * width, _mm256_permute2f128_ps(b3, b7, 0x31));
}

/// Writes six source lines of eight floats as eight columns of six: out[k · 6 + i] = line[i][k].
static inline void transpose_6x8(const float *const line[6], size_t offset, float *out) {
  // Pairs of lines, then all six of a k: every store is whole and none overlaps another.
  const __m256 l0 = _mm256_loadu_ps(line[0] + offset), l1 = _mm256_loadu_ps(line[1] + offset);
  const __m256 l2 = _mm256_loadu_ps(line[2] + offset), l3 = _mm256_loadu_ps(line[3] + offset);
  const __m256 l4 = _mm256_loadu_ps(line[4] + offset), l5 = _mm256_loadu_ps(line[5] + offset);
  const __m256d a0 = _mm256_castps_pd(_mm256_unpacklo_ps(l0, l1)), a2 = _mm256_castps_pd(_mm256_unpackhi_ps(l0, l1));
  const __m256d b0 = _mm256_castps_pd(_mm256_unpacklo_ps(l2, l3)), b2 = _mm256_castps_pd(_mm256_unpackhi_ps(l2, l3));
  const __m256d c0 = _mm256_castps_pd(_mm256_unpacklo_ps(l4, l5)), c2 = _mm256_castps_pd(_mm256_unpackhi_ps(l4, l5));
  const __m256d x0 = _mm256_unpacklo_pd(a0, b0), x1 = _mm256_shuffle_pd(c0, a0, 0xa), x2 = _mm256_unpackhi_pd(b0, c0);
  const __m256d x3 = _mm256_unpacklo_pd(a2, b2), x4 = _mm256_shuffle_pd(c2, a2, 0xa), x5 = _mm256_unpackhi_pd(b2, c2);
  _mm256_storeu_ps(out + 0, _mm256_castpd_ps(_mm256_permute2f128_pd(x0, x1, 0x20)));
  _mm256_storeu_ps(out + 8, _mm256_castpd_ps(_mm256_permute2f128_pd(x2, x3, 0x20)));
  _mm256_storeu_ps(out + 16, _mm256_castpd_ps(_mm256_permute2f128_pd(x4, x5, 0x20)));
  _mm256_storeu_ps(out + 24, _mm256_castpd_ps(_mm256_permute2f128_pd(x0, x1, 0x31)));
  _mm256_storeu_ps(out + 32, _mm256_castpd_ps(_mm256_permute2f128_pd(x2, x3, 0x31)));
  _mm256_storeu_ps(out + 40, _mm256_castpd_ps(_mm256_permute2f128_pd(x4, x5, 0x31)));
}

/// Packs lines side by side from their first `k` floats on: out[k · width + i] = line[i][k].
///
/// There are `width` lines, rounded up to a multiple of eight; those past the width hold anything. May write 8 floats past
/// the end. The lines of the panel packed next lie `next` floats further on; what lies there is fetched, if it exists.
static inline __attribute__((always_inline)) void pack_lines(
    const float *const *line, size_t k, const size_t width, float *out, ptrdiff_t next) {
  size_t done = 0;
  // Groups of eight lines, last to first: a partial group spills into the next k, which is written after it.
  for (size_t group = (width + 7) / 8; group-- > 0;) {
    for (done = 0; done + 8 <= k; done += 8) {
      // Each line is a stream of its own and too short for the processor to see: the next panel's is fetched by hand.
      for (size_t i = 0; next && done % 16 == 0 && i < (width < 8 ? width : 8); i++)
        _mm_prefetch((const char *)(line[group * 8 + i] + next + (ptrdiff_t)done), _MM_HINT_T0);
      if (width == 6)
        transpose_6x8(line, done, out + done * width);
      else
        transpose_8x8(line + group * 8, done, out + done * width + group * 8, width);
    }
  }
  for (; done < k; done++)
    for (size_t i = 0; i < width; i++) out[done * width + i] = line[i][done];
}

/// Packs `count` ≤ `width` lines side by side: out[k · width + i] = source[i · across + k · along].
///
/// Missing lines hold anything; their products are never stored. May write 8 floats past the end.
static inline __attribute__((always_inline)) void pack_panel(
    const float *source, ptrdiff_t across, ptrdiff_t along, size_t count, size_t k, const size_t width, float *out) {
  if (across == 1) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i rest = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(count % 8)), lanes);
    for (size_t i = 0; i < k; i++, source += along, out += width) {
      // The last group spills into the next k, which is written after it.
      for (size_t group = 0; group < (width + 7) / 8; group++) {
        const float *line = source + group * 8;
        const __m256 x = group < count / 8    ? _mm256_loadu_ps(line)
                         : group == count / 8 ? _mm256_maskload_ps(line, rest)
                                              : _mm256_setzero_ps();
        _mm256_storeu_ps(out + group * 8, x);
      }
    }
  } else if (along == 1) {
    const float *line[(width + 7) / 8 * 8];
    for (size_t i = 0; i < (width + 7) / 8 * 8; i++) line[i] = source + (ptrdiff_t)(i < count ? i : count - 1) * across;
    pack_lines(line, k, width, out, (ptrdiff_t)count * across);
  } else {
    for (size_t done = 0; done < k; done++)
      for (size_t i = 0; i < width; i++)
        out[done * width + i] = source[(ptrdiff_t)(i < count ? i : count - 1) * across + (ptrdiff_t)done * along];
  }
}
