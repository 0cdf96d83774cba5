import Operators
import Tensors

/// What is added to the scores of an attention, as one tensor with strides.
struct AttentionMask {
  /// Its elements.
  var tensor: Tensor
  /// Elements between batches or kinds, heads, queries and keys; 0 where it repeats.
  var strides: [Int]
  /// Which of the masks batch b has, at b modulo their number; empty where one stride says it.
  var kinds: [Int] = []
}

extension AttentionMask {
  /// The constants added to the scores of some batches and heads.
  ///
  /// One that is the same for all batches stays as it is. Others are summed, once for each kind of batch: shifted windows
  /// (Swin) add a bias per head and a mask per window, of which most are alike.
  ///
  /// - Parameter sizes: batches, heads, queries, keys.
  /// - Throws: `MatchFailure` where there is no memory for the sum.
  init?(
    _ constants: [AttentionPattern.ScoreConstant], sizes: [Int], fail: (String) -> MatchFailure
  ) throws(MatchFailure) {
    guard let first = constants.first else { return nil }
    if constants.count == 1, let strides = Self.sharedStrides(first, sizes: sizes) {
      self.init(tensor: first.tensor, strides: strides)
      return
    }
    let parts = constants.map { Part($0, sizes: sizes) }
    let heads = parts.allSatisfy(\.isSharedByHeads) ? 1 : sizes[1]
    var kinds: [Int] = []
    var known: [[Int]: Int] = [:]
    var sums: [Double] = []
    for batch in 0..<sizes[0] {
      let places = parts.flatMap { part in (0..<heads).map { part.block(batch, $0) } }
      if let kind = known[places] {
        kinds.append(kind)
        continue
      }
      kinds.append(known.count)
      known[places] = known.count
      for head in 0..<heads {
        for position in 0..<sizes[2] * sizes[3] {
          sums.append(parts.reduce(0) { $0 + $1.element(batch, head, position) })
        }
      }
    }
    let shape = Shape([known.count, heads, sizes[2], sizes[3]])
    let sum: Tensor
    do {
      sum =
        first.tensor.elementType == .float64
        ? try Tensor(sums, shape: shape) : try Tensor(sums.map(Float.init), shape: shape)
    } catch { throw fail("no memory for its mask") }
    let strides = shape.strides
    self.init(
      tensor: sum,
      strides: [known.count == 1 ? 0 : strides[0], heads == 1 ? 0 : strides[1], strides[2], strides[3]],
      kinds: known.count == 1 ? [] : kinds.shortestPeriod)
  }

  /// Strides of batch, head, query and key of a constant that is the same for all batches; nil for others.
  private static func sharedStrides(_ constant: AttentionPattern.ScoreConstant, sizes: [Int]) -> [Int]? {
    let (extents, strides) = (constant.extents, constant.strides)
    let last = strides.suffix(2)
    if extents.dropLast(2).allSatisfy({ $0 == 1 }) { return [0, 0] + last }
    guard extents.count == 4, extents[0] == 1, constant.scores[..<2] == sizes[..<2] else { return nil }
    return [0, strides[1]] + last
  }
}

extension AttentionMask {
  /// A constant as blocks of queries by keys, one for each batch and head.
  private struct Part {
    private let values: [Double]
    private let heads: Int
    /// First element of the block of a batch and head.
    private let starts: [Int]
    /// The first of the blocks that are equal to it.
    private let equals: [Int]
    private let keys: Int
    private let rowStride: Int
    private let columnStride: Int

    init(_ constant: AttentionPattern.ScoreConstant, sizes: [Int]) {
      let rank = constant.scores.count
      let (extents, strides) = (constant.extents, constant.strides)
      let values = constant.tensor.doubles ?? []
      let starts = (0..<sizes[0] * sizes[1]).map { index in
        var (rest, start) = (index, 0)
        for axis in (0..<rank - 2).reversed() {
          start += rest % constant.scores[axis] * strides[axis]
          rest /= constant.scores[axis]
        }
        return start
      }
      let count = extents[rank - 2] * extents[rank - 1]
      var (first, blocks) = ([Int: Int](), [ArraySlice<Double>: Int]())
      for start in starts where first[start] == nil {
        let block = values[start..<start + count]
        first[start] = blocks[block] ?? start
        blocks[block] = first[start]
      }
      (self.values, self.starts, heads) = (values, starts, sizes[1])
      equals = starts.map { first[$0] ?? $0 }
      keys = sizes[3]
      rowStride = strides[rank - 2]
      columnStride = strides[rank - 1]
    }

    /// Whether all heads of a batch have one block.
    var isSharedByHeads: Bool {
      equals.indices.allSatisfy { equals[$0] == equals[$0 / heads * heads] }
    }

    /// What two equal blocks have in common.
    func block(_ batch: Int, _ head: Int) -> Int { equals[batch * heads + head] }

    func element(_ batch: Int, _ head: Int, _ position: Int) -> Double {
      values[starts[batch * heads + head] + position / keys * rowStride + position % keys * columnStride]
    }
  }
}

extension [Int] {
  /// The shortest beginning whose repetition gives the whole.
  fileprivate var shortestPeriod: [Int] {
    let length = (1...Swift.max(count, 1)).first { length in
      count % length == 0 && indices.allSatisfy { self[$0] == self[$0 % length] }
    }
    return Array(prefix(length ?? count))
  }
}

extension AttentionPattern {
  /// One scale per head, where scores are multiplied with a constant that depends on the head alone; empty where with none.
  ///
  /// - Parameter sizes: batches, heads, queries, keys.
  func headScales(sizes: [Int], scale: Double, fail: (String) -> MatchFailure) throws(MatchFailure) -> [Float]
  {
    guard !scales.isEmpty else { return [] }
    var factors = [Double](repeating: scale, count: sizes[1])
    for constant in scales {
      let rank = constant.scores.count
      let extents = constant.extents
      guard rank >= 3, extents.indices.allSatisfy({ extents[$0] == 1 || $0 == rank - 3 }),
        constant.scores[rank - 3] == sizes[1], let values = constant.tensor.doubles
      else { throw fail("its scores are multiplied with a constant of shape \(constant.tensor.shape)") }
      for head in factors.indices { factors[head] *= values[values.count == 1 ? 0 : head] }
    }
    return factors.map(Float.init)
  }
}
