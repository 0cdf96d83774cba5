#define ONNX_ML 1
#define ONNX_NAMESPACE onnx
#include <onnx/checker.h>
#include <onnx/defs/schema.h>
#include <onnx/shape_inference/implementation.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <exception>
#include <mutex>
#include <string>

#include "CONNXCheck.h"

namespace {

// Held while a child is made, so that no child begins with libonnx half set up by another thread.
std::mutex setup;

void keep(const char *text, char *message, size_t capacity) {
  if (capacity == 0) return;
  std::strncpy(message, text, capacity - 1);
  message[capacity - 1] = 0;
}

int64_t newest_operator_set(void) {
  try {
    return onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map().at("").second;
  } catch (...) {
    return 0;
  }
}

int check(const void *model, size_t size, char *message, size_t capacity) {
  int stage = CONNX_UNREADABLE;
  try {
    onnx::ModelProto proto;
    if (size > INT_MAX || !proto.ParseFromArray(model, static_cast<int>(size))) {
      keep("the bytes are no model that libonnx can parse", message, capacity);
      return stage;
    }
    stage = CONNX_CHECKER;
    onnx::checker::check_model(proto);
    stage = CONNX_INFERENCE;
    onnx::ShapeInferenceOptions options{true, 1, false};
    onnx::shape_inference::InferShapes(proto, onnx::OpSchemaRegistry::Instance(), options);
    return CONNX_VALID;
  } catch (const std::exception &error) {
    keep(error.what(), message, capacity);
  } catch (...) {
    keep("an exception without a message", message, capacity);
  }
  return stage;
}

bool write_all(int file, const void *bytes, size_t size) {
  const char *next = static_cast<const char *>(bytes);
  while (size > 0) {
    ssize_t written = write(file, next, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    next += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

// What the child does: it dies with its parent, alone, and with no more memory than a check can need.
[[noreturn]] void run_child(int file, const void *model, size_t size, size_t capacity, rlim_t memory) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTERM, SIGINT, SIGPIPE}) signal(number, SIG_DFL);
  rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  rlimit limit{memory, memory};
  setrlimit(RLIMIT_AS, &limit);
  std::string message(capacity, '\0');
  int code = check(model, size, &message[0], capacity);
  if (write_all(file, &code, sizeof code)) write_all(file, message.c_str(), std::strlen(message.c_str()) + 1);
  _exit(0);
}

// Bytes of address space that this process has.
rlim_t address_space(void) {
  unsigned long pages = 0;
  if (FILE *file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%lu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return static_cast<rlim_t>(pages) * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}

int64_t milliseconds(void) {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

}  // namespace

int64_t connx_ir_version(void) { return onnx::Version::IR_VERSION; }

int64_t connx_operator_set_version(void) {
  std::lock_guard<std::mutex> lock(setup);
  return newest_operator_set();
}

int connx_check(const void *model, size_t size, int seconds, char *message, size_t capacity) {
  int ends[2];
  pid_t child;
  {
    std::lock_guard<std::mutex> lock(setup);
    newest_operator_set();
    rlim_t memory = address_space() + (static_cast<rlim_t>(2) << 30);
    if (pipe2(ends, O_CLOEXEC) != 0 || (child = fork()) < 0) {
      keep(std::strerror(errno), message, capacity);
      return CONNX_FAILED;
    }
    if (child == 0) run_child(ends[1], model, size, capacity, memory);
  }
  close(ends[1]);
  std::string answer;
  int64_t end = milliseconds() + static_cast<int64_t>(seconds) * 1000;
  bool is_late = false;
  for (;;) {
    int64_t left = end - milliseconds();
    pollfd waiting{ends[0], POLLIN, 0};
    int ready = left > 0 ? poll(&waiting, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      is_late = true;
      kill(child, SIGKILL);
      break;
    }
    char bytes[4096];
    ssize_t count = read(ends[0], bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    answer.append(bytes, static_cast<size_t>(count));
    // Not at the pipe's end: another child may hold it open.
    if (answer.size() > sizeof(int) && answer.back() == 0) break;
  }
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (is_late) {
    keep("it did not answer in time", message, capacity);
    return CONNX_FAILED;
  }
  int code = CONNX_FAILED;
  if (answer.size() <= sizeof code) {
    std::string reason = "it ended";
    if (WIFSIGNALED(status)) reason += std::string(" with signal ") + std::to_string(WTERMSIG(status));
    keep(reason.c_str(), message, capacity);
    return CONNX_FAILED;
  }
  std::memcpy(&code, answer.data(), sizeof code);
  keep(answer.c_str() + sizeof code, message, capacity);
  return code;
}
