import Tensors

/// How much memory may be planned: the limit that was asked for, else what is free now.
///
/// What does not fit is refused before it is allocated.
package struct MemoryBudget: Sendable {
  /// Bytes.
  package let byteCount: Int
  /// Whether somebody set the limit.
  package let isGiven: Bool

  /// The budget of a limit, without one what is free now.
  package init(limit: Int?) {
    byteCount = min(limit ?? SystemMemory.availableByteCount, .addressable)
    isGiven = limit != nil
  }

  /// Whether a number of bytes fits.
  package func allows(_ byteCount: Int) -> Bool { byteCount <= self.byteCount }

  /// Refuses what does not fit, by name, with both sizes.
  package func require(_ byteCount: Int, for what: String) throws(OperatorError) {
    guard !allows(byteCount) else { return }
    let room = isGiven ? "the limit is \(self.byteCount)" : "\(self.byteCount) are free"
    // Sizes that no process can address are not told apart.
    let needed = byteCount >= .addressable ? "more than \(Int.addressable)" : String(byteCount)
    throw OperatorError(.outOfMemory, "\(what) needs \(needed) bytes, \(room)")
  }
}
