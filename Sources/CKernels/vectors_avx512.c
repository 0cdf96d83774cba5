// Vector functions, attention and depthwise convolution of level 3.
#include "CKernels.h"
#include "kernels.h"

#if DKA_X86
#include <immintrin.h>
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), apply_to = function)

#define NAME(x) dka_##x##_avx512
#define LEVEL DKA_LEVEL_AVX512
#define DEPTHWISE_BLOCK 16

#include "simd_avx512.h"
#include "activations.inc.h"
#include "vector_math.inc.h"
#include "attention.inc.h"
#include "depthwise.inc.h"
#include "channels.inc.h"

#pragma clang attribute pop
#endif
