// The packed matrix product of level 2: AVX2 and FMA, tiles of 6 × 16.
#include "CKernels.h"
#include "gemm_part.h"
#include "gemm_tile.h"
#include "kernels.h"

#if DKA_X86
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "simd_avx2.h"
#include "transpose_avx2.h"
#include "activations.inc.h"

#define NAME(x) dka_##x##_avx2
#define MR 6
#define NR 16
#define KC 384
#define MC 204
#define GROUP 8

#include "gemm_tile.inc.h"
#include "gemm.inc.h"

#pragma clang attribute pop
#endif
