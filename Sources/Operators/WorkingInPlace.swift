/// An operator whose result may be written over an operand.
package protocol MemoryReusing: Operator {
  /// Operands whose memory result 0 may take over when nobody reads them afterwards.
  var reusableInputs: [Int] { get }
}

/// An operator whose results are next states of operands.
package protocol StateUpdating: Operator {
  /// For each result, the operand of which it is the next state.
  ///
  /// Result and operand may be the same memory, and the executor keeps a parameter or a moment in place that way.
  func updatedInputs(_ inputs: InputTypes) throws(OperatorError) -> [Int]
}

/// An operator whose results may be parts of an operand's memory, so that nothing is computed.
package protocol OperandViewing: Operator {
  /// For each result, the operand it is a contiguous view of, where that holds for these shapes.
  func views(_ inputs: InputTypes) throws(OperatorError) -> [OperandView?]
}

/// A result that is a contiguous part of an operand's memory.
package struct OperandView: Sendable, Hashable {
  /// Position of the operand.
  package let input: Int
  /// First element within the operand.
  package let elementOffset: Int

  /// A view that starts at an element of an operand.
  package init(input: Int, elementOffset: Int = 0) {
    self.input = input
    self.elementOffset = elementOffset
  }
}
