// Processor level, and its arithmetic ceiling.
#include "CKernels.h"
#include "kernels.h"

#include <time.h>

int dka_best_level(void) {
#if DKA_X86
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
      return DKA_LEVEL_AVX512;
    return DKA_LEVEL_AVX2;
  }
#endif
  return DKA_LEVEL_PORTABLE;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#define ROUNDS 20000

#if DKA_X86
/// Twelve independent chains of eight lanes hide the latency of two units.
static void fused_avx2(void) {
  __asm__ volatile(
      "vxorps %%xmm0, %%xmm0, %%xmm0\n"
      "vxorps %%xmm1, %%xmm1, %%xmm1\n"
      "vxorps %%xmm2, %%xmm2, %%xmm2\n"
      "vxorps %%xmm3, %%xmm3, %%xmm3\n"
      "vxorps %%xmm4, %%xmm4, %%xmm4\n"
      "vxorps %%xmm5, %%xmm5, %%xmm5\n"
      "vxorps %%xmm6, %%xmm6, %%xmm6\n"
      "vxorps %%xmm7, %%xmm7, %%xmm7\n"
      "vxorps %%xmm8, %%xmm8, %%xmm8\n"
      "vxorps %%xmm9, %%xmm9, %%xmm9\n"
      "vxorps %%xmm10, %%xmm10, %%xmm10\n"
      "vxorps %%xmm11, %%xmm11, %%xmm11\n"
      "vxorps %%xmm12, %%xmm12, %%xmm12\n"
      "vxorps %%xmm13, %%xmm13, %%xmm13\n"
      "movl $20000, %%eax\n"
      "1:\n"
      "vfmadd231ps %%ymm12, %%ymm13, %%ymm0\n vfmadd231ps %%ymm12, %%ymm13, %%ymm1\n"
      "vfmadd231ps %%ymm12, %%ymm13, %%ymm2\n vfmadd231ps %%ymm12, %%ymm13, %%ymm3\n"
      "vfmadd231ps %%ymm12, %%ymm13, %%ymm4\n vfmadd231ps %%ymm12, %%ymm13, %%ymm5\n"
      "vfmadd231ps %%ymm12, %%ymm13, %%ymm6\n vfmadd231ps %%ymm12, %%ymm13, %%ymm7\n"
      "vfmadd231ps %%ymm12, %%ymm13, %%ymm8\n vfmadd231ps %%ymm12, %%ymm13, %%ymm9\n"
      "vfmadd231ps %%ymm12, %%ymm13, %%ymm10\n vfmadd231ps %%ymm12, %%ymm13, %%ymm11\n"
      "decl %%eax\n jnz 1b\n vzeroupper\n"
      :
      :
      : "eax", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
        "xmm11", "xmm12", "xmm13");
}

/// The same with sixteen lanes.
static void fused_avx512(void) {
  __asm__ volatile(
      "vxorps %%xmm0, %%xmm0, %%xmm0\n"
      "vxorps %%xmm1, %%xmm1, %%xmm1\n"
      "vxorps %%xmm2, %%xmm2, %%xmm2\n"
      "vxorps %%xmm3, %%xmm3, %%xmm3\n"
      "vxorps %%xmm4, %%xmm4, %%xmm4\n"
      "vxorps %%xmm5, %%xmm5, %%xmm5\n"
      "vxorps %%xmm6, %%xmm6, %%xmm6\n"
      "vxorps %%xmm7, %%xmm7, %%xmm7\n"
      "vxorps %%xmm8, %%xmm8, %%xmm8\n"
      "vxorps %%xmm9, %%xmm9, %%xmm9\n"
      "vxorps %%xmm10, %%xmm10, %%xmm10\n"
      "vxorps %%xmm11, %%xmm11, %%xmm11\n"
      "vxorps %%xmm12, %%xmm12, %%xmm12\n"
      "vxorps %%xmm13, %%xmm13, %%xmm13\n"
      "movl $20000, %%eax\n"
      "1:\n"
      "vfmadd231ps %%zmm12, %%zmm13, %%zmm0\n vfmadd231ps %%zmm12, %%zmm13, %%zmm1\n"
      "vfmadd231ps %%zmm12, %%zmm13, %%zmm2\n vfmadd231ps %%zmm12, %%zmm13, %%zmm3\n"
      "vfmadd231ps %%zmm12, %%zmm13, %%zmm4\n vfmadd231ps %%zmm12, %%zmm13, %%zmm5\n"
      "vfmadd231ps %%zmm12, %%zmm13, %%zmm6\n vfmadd231ps %%zmm12, %%zmm13, %%zmm7\n"
      "vfmadd231ps %%zmm12, %%zmm13, %%zmm8\n vfmadd231ps %%zmm12, %%zmm13, %%zmm9\n"
      "vfmadd231ps %%zmm12, %%zmm13, %%zmm10\n vfmadd231ps %%zmm12, %%zmm13, %%zmm11\n"
      "decl %%eax\n jnz 1b\n vzeroupper\n"
      :
      :
      : "eax", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
        "xmm11", "xmm12", "xmm13");
}
#endif

/// Eight chains of four lanes, multiplication and addition.
static void fused_portable(void) {
  typedef float quad __attribute__((vector_size(16)));
  quad sum[8] = {{0}}, factor = {1.0f, 0.5f, 0.25f, 0.125f};
  for (int round = 0; round < ROUNDS; round++) {
    __asm__ volatile("" : "+m"(factor));
    for (int i = 0; i < 8; i++) sum[i] = sum[i] * factor + factor;
  }
  for (int i = 1; i < 8; i++) sum[0] += sum[i];
  __asm__ volatile("" : : "m"(sum[0]));
}

double dka_peak_gflops(int level, double seconds) {
  double lanes = 8 * 4;
  void (*loop)(void) = fused_portable;
#if DKA_X86
  if (level == DKA_LEVEL_AVX2) loop = fused_avx2, lanes = 12 * 8;
  if (level == DKA_LEVEL_AVX512) loop = fused_avx512, lanes = 12 * 16;
#endif
  loop();
  const double begin = seconds_now();
  double end = begin, calls = 0;
  while (calls == 0 || end - begin < seconds) {
    loop();
    calls += 1;
    end = seconds_now();
  }
  return calls * ROUNDS * lanes * 2 / (end - begin) * 1e-9;
}
