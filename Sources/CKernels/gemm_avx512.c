// The packed matrix product of level 3: AVX-512, tiles of 14 × 32.
#include "CKernels.h"
#include "gemm_part.h"
#include "gemm_tile.h"
#include "kernels.h"

#if DKA_X86
#include <immintrin.h>
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), apply_to = function)

#include "simd_avx512.h"
#include "transpose_avx2.h"
#include "activations.inc.h"

#define NAME(x) dka_##x##_avx512
#define MR 14
#define NR 32
#define KC 384
#define MC 224
#define GROUP 8

#include "gemm_tile.inc.h"
#include "gemm.inc.h"

#pragma clang attribute pop
#endif
