import Execution
import Glibc
import Graphs
import ONNXFormat
package import Operators
import TensorFiles
import Tensors

/// Runs ONNX backend cases: a folder each, with `model.onnx` and `test_data_set_N/{input,output}_K.pb`.
public enum Conformance {
  /// What became of a case.
  public enum Outcome: Sendable, Equatable {
    /// Every output is as expected.
    case pass
    /// There is no expected output; outputs were written.
    case done
    /// An output differs.
    case fail(String)
    /// An operator, attribute or type is not implemented.
    case unsupported(String)
    /// The case can't be read or computed.
    case error(String)

    /// The line that reports the case.
    public func line(_ name: String) -> String {
      ([word, name] + [reason].compactMap(\.self)).joined(separator: " ")
    }

    /// What the line begins with.
    public var word: String {
      switch self {
      case .pass: "PASS"
      case .done: "DONE"
      case .fail: "FAIL"
      case .unsupported: "UNSUPPORTED"
      case .error: "ERROR"
      }
    }

    /// The difference, the operator or the reason; nil where all is well.
    public var reason: String? {
      switch self {
      case .pass, .done: nil
      case .fail(let text), .unsupported(let text), .error(let text): text
      }
    }
  }

  /// Case folders that a list file names, a line each; empty lines and lines that start with # are skipped.
  public static func cases(listedIn path: String) throws -> [String] {
    let bytes = try Tensor(mapping: path).elements(of: UInt8.self)
    return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
      .filter { !$0.hasPrefix("#") && !$0.allSatisfy(\.isWhitespace) }
  }

  /// Case folders below a folder, whatever the depth, sorted.
  public static func cases(below folder: String) -> [String] {
    if Folder.exists(folder + "/model.onnx") { return [folder] }
    return (Folder.names(in: folder) ?? []).map { folder + "/" + $0 }.filter(Folder.isFolder)
      .flatMap { cases(below: $0) }
  }

  /// Outputs of a case that lie in a folder already, as paths within it.
  package static func outputs(of folder: String, in output: String) -> [String] {
    dataSets(of: folder).flatMap { set in
      (Folder.names(in: output + "/" + set) ?? []).filter { $0.hasPrefix("output_") && $0.hasSuffix(".pb") }
        .map { set + "/" + $0 }
    }
  }

  private static func dataSets(of folder: String) -> [String] {
    (Folder.names(in: folder) ?? []).filter { $0.hasPrefix("test_data_set_") }
  }

  /// Runs one case; whatever is wrong with it ends up in the outcome.
  ///
  /// - Parameter output: folder for the outputs, or nil to write none.
  package static func run(_ folder: String, output: String?, context: ExecutionContext) -> Outcome {
    do {
      let model = try ModelFile(folder + "/model.onnx")
      var isCompared = true
      for set in dataSets(of: folder) {
        let outcome = try run(model, folder + "/" + set, output: output.map { $0 + "/" + set }, context)
        if outcome == .done { isCompared = false } else if outcome != .pass { return outcome }
      }
      return isCompared ? .pass : .done
    } catch let error as any ReportableError {
      if error.failureCode == .unsupported {
        return .unsupported(
          error.unsupported.isEmpty ? oneLine(error.message) : oneLine(error.unsupported[0]))
      }
      return .error(oneLine(error.message))
    } catch { return .error(oneLine("\(error)")) }
  }

  private static func run(
    _ model: ModelFile, _ folder: String, output: String?, _ context: ExecutionContext
  ) throws -> Outcome {
    try model.description.requireTensorInputs()
    var inputs: [String: Tensor] = [:]
    for (index, input) in model.description.graph.requiredInputs.enumerated() {
      let path = folder + "/input_\(index).pb"
      if Folder.exists(path) { inputs[input.name] = try TensorFile.read(path) }
    }
    let results = try model.run(context, inputs)
    var outcome = Outcome.pass
    for (index, result) in results.enumerated() {
      if let output {
        try TensorFile.write(
          result, name: model.description.graph.outputs[index].name, to: output + "/output_\(index).pb")
      }
      let path = folder + "/output_\(index).pb"
      guard Folder.exists(path) else {
        outcome = .done
        continue
      }
      if let difference = difference(result, from: try TensorFile.read(path)) {
        return .fail("output \(index): \(difference)")
      }
    }
    return outcome
  }

  /// What distinguishes a result from the expected one under the backend tests' tolerance, or nil.
  ///
  /// Floating point: |a − b| ≤ 1e-7 + 1e-3 · |b|, as ONNX's own runner compares; other types exactly.
  private static func difference(_ result: Tensor, from expected: Tensor) -> String? {
    guard result.elementType == expected.elementType else {
      return "has type \(result.elementType.name), expected \(expected.elementType.name)"
    }
    guard result.shape == expected.shape else {
      return "has shape \(result.shape), expected \(expected.shape)"
    }
    guard let found = result.doubles, let wanted = expected.doubles else {
      guard let found = result.integers, let wanted = expected.integers else {
        return result.isIdentical(to: expected) ? nil : "differs"
      }
      let index = zip(found, wanted).enumerated().first { $0.element.0 != $0.element.1 }?.offset
      return index.map { "element \($0) is \(found[$0]), expected \(wanted[$0])" }
    }
    for (index, (a, b)) in zip(found, wanted).enumerated() {
      if a == b || a.isNaN && b.isNaN { continue }
      guard abs(a - b) <= 1e-7 + 1e-3 * abs(b) else { return "element \(index) is \(a), expected \(b)" }
    }
    return nil
  }

  private static func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}

extension Tensor {
  /// The bytes of a file.
  init(mapping path: String) throws(MemoryMapError) {
    let storage = try MemoryMap.file(at: path)
    self.init(elementType: .uint8, shape: Shape([storage.byteCount]), storage: storage)
  }
}
