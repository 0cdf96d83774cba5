// Vector functions, attention and depthwise convolution of level 2.
#include "CKernels.h"
#include "kernels.h"

#if DKA_X86
#include <immintrin.h>
#pragma clang attribute push( \
    __attribute__((target("avx2,fma"))), apply_to = function)

#define NAME(x) dka_##x##_avx2
#define LEVEL DKA_LEVEL_AVX2
#define DEPTHWISE_BLOCK 14

#include "simd_avx2.h"
#include "activations.inc.h"
#include "vector_math.inc.h"
#include "attention.inc.h"
#include "depthwise.inc.h"
#include "channels.inc.h"

#pragma clang attribute pop
#endif
