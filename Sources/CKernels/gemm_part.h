// How threads share the last panels of a product's part.
#pragma once
#include "CKernels.h"

/// The panels [first, end) as one word, so that a thread takes one of them in one step.
static inline uint64_t dka_panel_range(size_t first, size_t end) { return (uint64_t)end << 32 | (uint32_t)first; }

/// Lets the part's panels be taken: what they need is in memory.
static inline void dka_open_panels(dka_gemm_part *part) {
  __atomic_store_n(&part->open_panels, dka_panel_range(part->panel_begin, part->panel_end), __ATOMIC_RELEASE);
}

/// Takes the first open panel, or the last when `from_end`; false when none is open.
static inline bool dka_take_panel(dka_gemm_part *part, bool from_end, size_t *panel) {
  uint64_t open = __atomic_load_n(&part->open_panels, __ATOMIC_ACQUIRE), rest;
  do {
    const size_t first = (uint32_t)open, end = open >> 32;
    if (first >= end) return false;
    *panel = from_end ? end - 1 : first;
    rest = from_end ? dka_panel_range(first, end - 1) : dka_panel_range(first + 1, end);
  } while (!__atomic_compare_exchange_n(&part->open_panels, &open, rest, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
  return true;
}
