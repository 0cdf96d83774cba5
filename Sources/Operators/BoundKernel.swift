import Tensors

/// An operator made ready for operands of given types: geometry worked out, memory and cost known.
///
/// A value without state, which runs any number of times.
package struct BoundKernel: Sendable {
  /// What a kernel does with elements.
  package enum Work: Hashable, Sendable {
    /// Multiplications and additions that the definition asks for, counted one each; a function such as e^x counts one too.
    case operations(Int)
    /// It compares, converts or makes elements.
    case withoutArithmetic
    /// It takes elements out of operand 0, of which it reads no more than it writes.
    case movement
  }

  /// What is done with elements.
  package let work: Work
  /// Bytes of scratch memory that a run needs.
  package let scratchByteCount: Int
  /// Which of several kernels, which differ in speed, computes the results, as profiles print it; nil where there is but one.
  package let name: String?
  /// Constant operands to rearrange before the first run; nil where there is nothing to gain.
  package let preparation: Preparation?
  private let operandByteCounts: [Int]
  private let body: @Sendable (Operands) throws(OperatorError) -> Void

  /// A kernel for operands of the given types.
  ///
  /// - Parameter run: computes the results, which are already allocated, without asking for tensor memory.
  package init(
    _ inputs: InputTypes, _ work: Work, scratchByteCount: Int = 0, name: String? = nil,
    preparation: Preparation? = nil,
    run: @escaping @Sendable (_ operands: Operands) throws(OperatorError) -> Void
  ) {
    self.work = work
    self.scratchByteCount = scratchByteCount
    self.name = name
    self.preparation = preparation
    operandByteCounts = inputs.types.map { $0?.byteCount ?? 0 }
    body = run
  }

  /// Computes the results.
  package func run(_ operands: Operands) throws(OperatorError) { try body(operands) }

  /// Multiplications and additions of a run.
  package var operations: Int { if case .operations(let count) = work { count } else { 0 } }

  /// Bytes read and written, where every element that is needed is read or written once.
  ///
  /// - Parameter written: bytes of the results that are no views of operands.
  package func bytesMoved(writing written: Int) -> Int {
    let first = operandByteCounts.first ?? 0
    let read = [work == .movement ? min(written, first) : first] + operandByteCounts.dropFirst()
    return (read + [written]).reduce(0) { min($0 + $1, .addressable) }
  }
}

/// Rearrangement of constant operands, done once and shared by all plans of a model.
package struct Preparation: Sendable {
  /// Bytes that the result takes.
  package let byteCount: Int
  /// Makes it.
  package let make: @Sendable () throws(OperatorError) -> any PreparedConstants

  /// A rearrangement.
  package init(
    byteCount: Int, make: @escaping @Sendable () throws(OperatorError) -> any PreparedConstants
  ) {
    self.byteCount = byteCount
    self.make = make
  }
}

/// What was computed once from constant operands; runs get it as `Operands.prepared`.
package protocol PreparedConstants: Sendable {}
