// Vector functions and attention of level 0.
#include "CKernels.h"
#include "kernels.h"

#define NAME(x) dka_##x##_portable
#define LEVEL DKA_LEVEL_PORTABLE

#include "simd_portable.h"
#include "activations.inc.h"
#include "vector_math.inc.h"
#include "attention.inc.h"
