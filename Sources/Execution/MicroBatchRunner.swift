package import Tensors

/// Runs a graph on any number of images, cut into micro-batches, with one session per size.
///
/// Every input and output has the images on its first axis. Owned by one thread.
package final class MicroBatchRunner {
  /// Images per micro-batch.
  package let size: Int
  private let variables: VariableStore
  private let makePlan: (Int) throws -> Plan
  private var sessions: [Int: Session] = [:]
  /// Plans that were looked at before their session was needed.
  private var plans: [Int: Plan] = [:]
  private var arena: Storage?

  /// A runner whose plans come from `makePlan`, given the number of images.
  package init(
    size: Int, variables: VariableStore = VariableStore(), makePlan: @escaping (Int) throws -> Plan
  ) {
    self.size = max(size, 1)
    self.variables = variables
    self.makePlan = makePlan
  }

  /// The plan for a number of images of at most `size`; nothing is allocated for its session.
  package func plan(for count: Int) throws -> Plan {
    if let known = sessions[count]?.plan ?? plans[count] { return known }
    let plan = try makePlan(count)
    plans[count] = plan
    return plan
  }

  /// The session for a number of images of at most `size`.
  package func session(for count: Int) throws -> Session {
    if let known = sessions[count] { return known }
    // One session runs at a time, so they can lie in the same memory.
    let session = try Session(try plan(for: count), variables: variables, arena: arena)
    plans[count] = nil
    arena = session.arena
    sessions[count] = session
    return session
  }

  /// Consecutive ranges of at most `size` images that cover `count`, as even as they can be.
  package func ranges(of count: Int) -> [Range<Int>] {
    let parts = max((count + size - 1) / size, 1)
    let length = max((count + parts - 1) / parts, 1)
    return stride(from: 0, to: count, by: length).map { $0..<min($0 + length, count) }
  }

  /// All outputs for inputs of shape [n, …].
  ///
  /// - Parameter isInterrupted: asked before each micro-batch.
  /// - Throws: `ExecutionError.interrupted` where it says so.
  package func run(_ inputs: [Tensor], isInterrupted: () -> Bool = { false }) throws -> [Tensor] {
    guard let count = inputs.first?.shape[0] else { return [] }
    var parts: [[Tensor]] = []
    for range in ranges(of: count) {
      guard !isInterrupted() else { throw ExecutionError.interrupted }
      let session = try session(for: range.count)
      parts.append(try session.run(inputs.map { $0.rows(range) }))
    }
    guard let first = parts.first else { return [] }
    return try first.indices.map { index in try Tensor(joiningRows: parts.map { $0[index] }) }
  }
}
