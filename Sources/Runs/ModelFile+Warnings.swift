import Graphs
import Kernels
import Operators

extension ModelFile {
  /// What is odd in the file without keeping it from being used, a line each: what the description says of itself, then
  /// attributes that their operator does not know.
  package var warnings: [String] {
    let context = ExecutionContext(options: KernelOptions(threads: 1, level: .portable))
    let unknown = Lowering(registry: Self.registry, context: context).unknownAttributes(of: description)
    let lines = unknown.prefix(Self.warningLimit).map {
      "node '\($0.node)': its operator has no attribute '\($0.attribute)', which is not read"
    }
    let rest = unknown.count - lines.count
    return description.warnings + [ClassNames.remark(on: self)].compactMap { $0 } + lines
      + (rest > 0 ? ["\(rest) more attributes that are not read"] : [])
  }

  /// Lines about attributes that anybody reads.
  private static let warningLimit = 20
}
