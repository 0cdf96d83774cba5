import Foundation
package import Graphs
package import Kernels
import ONNXFormat
package import Operators
import TensorFiles
package import Tensors

/// Files that scripts in Tools/goldens wrote.
package enum FixtureFiles {
  /// The path of a file or folder below Tests/Fixtures.
  package static func path(_ relative: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures").appending(path: relative).path
  }

  /// Names in a folder below Tests/Fixtures, sorted.
  package static func names(in relative: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path(relative))) ?? []).sorted()
  }

  /// A model below Tests/Fixtures.
  package static func model(_ relative: String) throws -> ModelDescription {
    try ONNXFile.read(path(relative))
  }
}

/// Gradients that PyTorch computed in float64 for a small network with adapters whose Up is not zero.
package struct GradientFixture: Sendable, CustomStringConvertible {
  /// Name of the folder in Tests/Fixtures/gradients.
  package let name: String

  /// Every committed fixture.
  package static let all = FixtureFiles.names(in: "gradients").map { GradientFixture(name: $0) }
  /// Those whose model computes in float32.
  package static let single = all.filter { $0.name != "both-float64" }

  package var description: String { name }

  /// The network, with its adapters in the file.
  package func model() throws -> ModelDescription { try FixtureFiles.model("gradients/\(name)/model.onnx") }

  /// An array: `input`, `labels` or `logits`.
  package func array(_ file: String) throws -> Tensor {
    try NumPyArray.read(FixtureFiles.path("gradients/\(name)/\(file).npy"))
  }

  /// Class index per image.
  package func labels() throws -> [Int] { try array("labels").integers ?? [] }

  /// Gradients of the loss `sum` or `cross-entropy`, by name of the initializer or input.
  package func gradients(of loss: String) throws -> [(name: String, value: Tensor)] {
    try SafeTensors.read(FixtureFiles.path("gradients/\(name)/\(loss).safetensors")).entries
      .map { ($0.name, $0.tensor) }
  }

  /// Whether PyTorch's gradient of a tensor is zero: the kernels behind which only the class token is read.
  package func isUnreachable(_ name: String) -> Bool {
    name.hasPrefix("dka/1/") && (name.hasSuffix("/large") || name.hasSuffix("/small"))
  }
}

extension ExecutionContext {
  /// Threads and kernels of this machine for tests.
  package static func testing(threads: Int, level: Processor.Level = Processor.detectedLevel()) -> ExecutionContext {
    ExecutionContext(options: KernelOptions(threads: threads, level: level))
  }
}
