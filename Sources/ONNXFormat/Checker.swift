import CONNXCheck
import CONNXProto
public import Graphs
package import Tensors

/// What the reference checker says about a model.
public enum CheckResult: Sendable, Equatable {
  /// The checker and strict shape inference accept it.
  case valid
  /// The reference does not know the model's version; the reason names it.
  case skipped(String)
  /// What is wrong, in the reference's words.
  case problems([String])
}

/// Asks libonnx, the reference implementation, whether a model is valid.
///
/// It gets the skeleton of the model: payloads above 1 KiB are replaced by eight bytes, so that its limit of 2 GiB and its copies
/// do not matter. That payloads fit their shapes was checked when the model was read. It is asked in a process of its own, which it
/// may crash, and not at all where functions call themselves or stand for too many nodes, or where the model has so many parts that
/// reading and checking together would take more memory than a file may.
public enum Checker {
  /// Payloads up to this many bytes are shown to the reference: constants that say shapes are that small.
  static let payloadLimit = 1024
  /// What the parts of a model may cost that the reference is shown: it takes as much again for each as reading did.
  static let partLimit = 160 << 20
  /// Seconds that the reference may take.
  static let timeLimit: Int32 = 60

  /// Checks a model.
  ///
  /// - Throws: `FormatError` where the model cannot be encoded.
  public static func check(_ model: ModelDescription) throws(FormatError) -> CheckResult {
    try check(model, partLimit: partLimit)
  }

  /// Checks a model whose parts cost no more than the limit; the reference does not see others.
  package static func check(_ model: ModelDescription, partLimit: Int) throws(FormatError) -> CheckResult {
    let calls = model.functionProblems
    guard calls.isEmpty else { return .problems(calls.map(\.message)) }
    if model.irVersion > connx_ir_version() {
      return .skipped("IR \(model.irVersion): this libonnx knows versions up to \(connx_ir_version())")
    }
    if let version = model.version(of: ""), version > connx_operator_set_version() {
      return .skipped("opset \(version): this libonnx knows versions up to \(connx_operator_set_version())")
    }
    let skeleton = try skeleton(of: model)
    if let excess = try excess(of: skeleton, partLimit) {
      return .skipped("too large for libonnx, the rules of this program were checked alone: it \(excess)")
    }
    var message = [CChar](repeating: 0, count: 4096)
    let code = withExtendedLifetime(skeleton) {
      unsafe message.withUnsafeMutableBufferPointer { message in
        unsafe connx_check(
          skeleton.base, skeleton.byteCount, timeLimit, message.baseAddress, message.count)
      }
    }
    let text = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    switch Int(code) {
    case CONNX_VALID: return .valid
    case CONNX_FAILED: return .problems(["libonnx could not check the model: \(text)"])
    default: return .problems([text])
    }
  }

  /// What an encoded model holds too much of, or nil.
  private static func excess(of model: Storage, _ partLimit: Int) throws(FormatError) -> String? {
    let source = SourceBytes(storage: model, range: 0..<model.byteCount)
    do throws(FormatError) {
      _ = try SplitMessage(
        source, unsafe Onnx__ModelProto.descriptor, cutting: [], depth: 0,
        census: Census(byteLimit: partLimit))
      return nil
    } catch {
      return error.message
    }
  }

  /// The encoded model without its large payloads, written once where it stays.
  package static func skeleton(of model: ModelDescription) throws(FormatError) -> Storage {
    let inline = try model.replacingTensors { tensor throws(FormatError) in
      guard let elements = tensor.tensor, elements.byteCount > payloadLimit || tensor.external != nil else {
        return nil
      }
      var tensor = tensor
      tensor.external = nil
      return tensor
    }
    let encoded = try ModelEncoder(payloadLimit: payloadLimit).model(inline)
    do { return try encoded.collected() } catch {
      throw FormatError(
        "no memory to check the model: \(encoded.byteCount) bytes without its weights", code: .workFailed)
    }
  }
}
