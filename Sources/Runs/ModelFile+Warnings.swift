import Graphs
import Kernels
import Operators

extension ModelFile {
  /// What is odd in the file without keeping it from being used, a line each: what the description says of itself, then
  /// attributes that their operator does not know.
  package var warnings: [String] {
    let context = ExecutionContext(options: KernelOptions(threads: 1, level: .portable))
    return description.warnings
      + Lowering(registry: Self.registry, context: context).unknownAttributes(of: description).map {
        "node '\($0.node)': its operator has no attribute '\($0.attribute)', which is not read"
      }
  }
}
