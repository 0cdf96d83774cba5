#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Newest IR version that the linked libonnx knows.
int64_t connx_ir_version(void);

/// Newest version of the default operator set that the linked libonnx knows.
int64_t connx_operator_set_version(void);

/// Runs libonnx's checker, then strict shape inference, on an encoded model.
///
/// Returns 0 where both accept it. Otherwise 1 (checker) or 2 (inference) or 3 (the bytes are no model), and `message` holds the
/// reason, cut to `capacity` bytes with its terminating zero. No exception leaves the function.
int connx_check(const void *model, size_t size, char *message, size_t capacity);

#ifdef __cplusplus
}
#endif
