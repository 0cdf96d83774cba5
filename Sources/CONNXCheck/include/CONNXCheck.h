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

/// Answers of `connx_check`.
enum {
  /// Checker and inference accept the model.
  CONNX_VALID = 0,
  /// The checker refuses it.
  CONNX_CHECKER = 1,
  /// Strict shape inference refuses it.
  CONNX_INFERENCE = 2,
  /// The bytes are no model.
  CONNX_UNREADABLE = 3,
  /// libonnx crashed, ran out of memory without saying so, or was too slow.
  CONNX_FAILED = 4,
};

/// Runs libonnx's checker, then strict shape inference, on an encoded model.
///
/// libonnx trusts a model's numbers: a stride of zero ends it with a signal. So it runs in a child process, with at most 2 GiB
/// more than this one has and at most `seconds` of time, and whatever becomes of it is an answer. For all but `CONNX_VALID`
/// `message` holds the reason, cut to `capacity` bytes with its terminating zero. No exception leaves the function.
int connx_check(const void *model, size_t size, int seconds, char *message, size_t capacity);

#ifdef __cplusplus
}
#endif
