// Vector functions, attention and depthwise convolution of level 0.
#include "CKernels.h"
#include "kernels.h"

#define NAME(x) dka_##x##_portable
#define LEVEL DKA_LEVEL_PORTABLE
#define DEPTHWISE_BLOCK 12

#include "simd_portable.h"
#include "activations.inc.h"
#include "vector_math.inc.h"
#include "attention.inc.h"
#include "depthwise.inc.h"
#include "channels.inc.h"
