/// How a part of a node's result is computed without the rest.
package enum Narrowing: Sendable {
  /// By the same node on the same part of some operands, and on the whole of the others.
  case alike(operands: [Int])
  /// It is that part of an operand.
  case operand(Int)
  /// By another operator on the same operands.
  case operation(any Operator)
}

/// An operator that can compute a range of positions along an axis of its result alone.
package protocol Narrowable: Operator {
  /// How the positions `range` along `axis` of result 0 are computed, in the same bits; nil where that takes the whole result.
  func narrowing(axis: Int, to range: Range<Int>, _ inputs: InputTypes) -> Narrowing?
}
