#define ONNX_ML 1
#define ONNX_NAMESPACE onnx
#include <onnx/checker.h>
#include <onnx/defs/schema.h>
#include <onnx/shape_inference/implementation.h>

#include <climits>
#include <cstring>
#include <exception>
#include <string>

#include "CONNXCheck.h"

namespace {

void keep(const char *text, char *message, size_t capacity) {
  if (capacity == 0) return;
  std::strncpy(message, text, capacity - 1);
  message[capacity - 1] = 0;
}

}  // namespace

int64_t connx_ir_version(void) { return onnx::Version::IR_VERSION; }

int64_t connx_operator_set_version(void) {
  try {
    return onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map().at("").second;
  } catch (...) {
    return 0;
  }
}

int connx_check(const void *model, size_t size, char *message, size_t capacity) {
  int stage = 3;
  try {
    onnx::ModelProto proto;
    if (size > INT_MAX || !proto.ParseFromArray(model, static_cast<int>(size))) {
      keep("the bytes are no model that libonnx can parse", message, capacity);
      return stage;
    }
    stage = 1;
    onnx::checker::check_model(proto);
    stage = 2;
    onnx::ShapeInferenceOptions options{true, 1, false};
    onnx::shape_inference::InferShapes(proto, onnx::OpSchemaRegistry::Instance(), options);
    return 0;
  } catch (const std::exception &error) {
    keep(error.what(), message, capacity);
  } catch (...) {
    keep("an exception without a message", message, capacity);
  }
  return stage;
}
