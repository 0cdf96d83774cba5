import Adapters
import Backbones
import TensorFiles
import Tensors

/// What `dka inspect` tells of the adapters that a file has already.
struct InstalledDescription {
  /// The object of `inspect`.
  let json: JSONValue
  /// The same for people.
  let text: String

  init(_ installed: InstalledAdapters, in recognition: Recognition?) {
    let count = installed.tensors.reduce(0) { $0 + $1.tensor.shape.elementCount }
    let found = try? recognition.map { try Injection().found(installed, in: $0) }
    var options = JSONObject()
    for entry in found?.method.options.entries ?? [] { options[entry.key] = .string(entry.value) }
    json = [
      "method": .string(DualKernelAdapter.name), "modules": .integer(installed.modules),
      "parameters": .integer(count), "options": found == nil ? .null : .object(options),
    ]
    let made =
      found.map {
        "dim \($0.method.options["dim"] ?? ""), kernels \($0.method.options["kernels"] ?? ""), "
          + "placement \($0.method.options["placement"] ?? "")"
      } ?? "not built as dka builds them"
    text =
      "\(counted(installed.modules, "module")) of \(DualKernelAdapter.name), \(made), \(count) parameters"
      + (found == nil ? "" : ": 'dka train' trains them further")
  }
}
