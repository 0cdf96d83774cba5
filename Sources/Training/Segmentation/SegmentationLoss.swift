import Graphs
package import Operators
import Tensors

/// What training for masks minimises: METHOD, section 3.
///
///     ce     −log softmax(scores)[class], mean over the pixels of an image that count
///     bce    binary cross-entropy of sigmoid(scores) against one channel per class, mean over pixels and channels
///     dice   1 − (2·Σ p·g + ε) / (Σ p² + Σ g² + ε) per image and channel, mean over channels, ε = 1e-5
///
/// p is the softmax, or the sigmoid where bce is in the sum. Class weights weigh pixels by their class (ce), or channels (bce, dice), and
/// divide by the sum of the weights. Pixels of the class −1 count nowhere. Shapes: scores [n, C, H, W], classes int32 [n, H, W].
public struct SegmentationLoss: Objective {
  /// The terms that are added.
  public enum Kind: String, Sendable, CaseIterable {
    /// Cross-entropy of pixels.
    case crossEntropy = "ce"
    /// Soft Dice per image and class.
    case dice
    /// Binary cross-entropy of every class.
    case binaryCrossEntropy = "bce"
    /// The sum of both.
    case crossEntropyAndDice = "ce+dice"
    /// The sum of both.
    case binaryCrossEntropyAndDice = "bce+dice"
  }

  /// The terms.
  package let kind: Kind
  /// Weight of each class; nil where all weigh the same.
  package let classWeights: [Double]?

  private static let ignored = -1
  private static let smoothing = 1e-5

  /// A loss.
  package init(_ kind: Kind, classWeights: [Double]? = nil) {
    (self.kind, self.classWeights) = (kind, classWeights)
  }

  package func targets(for output: ValueType) throws(TrainingError) -> ValueType {
    guard output.shape.rank == 4 else {
      throw .unsuitable(
        "training for masks needs scores of shape [images, classes, H, W], found \(output.shape)")
    }
    return ValueType(.int32, Shape([output.shape[0], output.shape[2], output.shape[3]]))
  }

  package func loss(of output: String, against targets: String, in builder: inout GradientBuilder)
    throws(OperatorError) -> String
  {
    var terms: [String] = []
    switch kind {
    case .crossEntropy, .crossEntropyAndDice: terms.append(try crossEntropy(output, targets, &builder))
    default: break
    }
    guard kind != .crossEntropy else { return terms[0] }
    let mask = try PixelMask(targets, like: output, ignored: Self.ignored, &builder)
    switch kind {
    case .binaryCrossEntropy, .binaryCrossEntropyAndDice:
      terms.append(try binaryCrossEntropy(output, mask, &builder))
    default: break
    }
    switch kind {
    case .dice, .crossEntropyAndDice:
      terms.append(try dice(try builder.emit(Softmax(axis: 1), [output]), mask, &builder))
    case .binaryCrossEntropyAndDice:
      terms.append(try dice(try builder.emit(Sigmoid(), [output]), mask, &builder))
    default: break
    }
    return terms.count == 1 ? terms[0] : try builder.emit(Add(), terms)
  }

  /// Per image the weighted mean over its pixels, summed over the images.
  private func crossEntropy(_ scores: String, _ targets: String, _ builder: inout GradientBuilder)
    throws(OperatorError) -> String
  {
    let losses: String
    let weights: String
    let (isCounted, labels) = try PixelMask.counted(targets, Self.ignored, like: scores, &builder)
    if let classWeights {
      let table = try Self.vector(classWeights, like: scores, &builder)
      losses = try builder.emit(
        SoftmaxCrossEntropyLoss(perPositionIgnoring: Self.ignored), [scores, targets, table])
      weights = try builder.emit(Mul(), [try builder.emit(Gather(), [table, labels]), isCounted])
    } else {
      losses = try builder.emit(
        SoftmaxCrossEntropyLoss(perPositionIgnoring: Self.ignored), [scores, targets])
      weights = isCounted
    }
    let sums = try Self.sum(losses, axes: [1, 2], &builder)
    let counts = try Self.sum(weights, axes: [1, 2], &builder)
    return try total(try builder.emit(Div(), [sums, try Self.atLeastOne(counts, &builder)]), &builder)
  }

  /// Per image the mean over its pixels and channels, summed over the images; max(x, 0) − x·g + log(1 + e^−|x|).
  private func binaryCrossEntropy(_ scores: String, _ mask: PixelMask, _ builder: inout GradientBuilder)
    throws(OperatorError) -> String
  {
    let smooth = try builder.emit(Softplus(), [scores])
    let product = try builder.emit(Mul(), [scores, mask.oneHot])
    let losses = try builder.emit(Mul(), [try builder.emit(Sub(), [smooth, product]), mask.counted])
    let sums = try Self.sum(losses, axes: [2, 3], &builder)
    let counts = try Self.atLeastOne(try Self.sum(mask.counted, axes: [2, 3], &builder), &builder)
    return try total(try channelMean(try builder.emit(Div(), [sums, counts]), &builder), &builder)
  }

  /// Per image the mean over channels, summed over the images.
  private func dice(_ probabilities: String, _ mask: PixelMask, _ builder: inout GradientBuilder)
    throws(OperatorError) -> String
  {
    let p = try builder.emit(Mul(), [probabilities, mask.counted])
    let overlap = try Self.sum(try builder.emit(Mul(), [p, mask.oneHot]), axes: [2, 3], &builder)
    let predicted = try Self.sum(try builder.emit(Mul(), [p, p]), axes: [2, 3], &builder)
    // g is 0 or 1, so that g² = g.
    let wanted = try Self.sum(mask.oneHot, axes: [2, 3], &builder)
    let smoothing = try builder.scalar(Self.smoothing, like: probabilities)
    let two = try builder.scalar(2, like: probabilities)
    let upper = try builder.emit(Add(), [try builder.emit(Mul(), [overlap, two]), smoothing])
    let lower = try builder.emit(Add(), [try builder.emit(Add(), [predicted, wanted]), smoothing])
    let one = try builder.scalar(1, like: probabilities)
    let losses = try builder.emit(Sub(), [one, try builder.emit(Div(), [upper, lower])])
    return try total(try channelMean(losses, &builder), &builder)
  }

  /// The weighted mean of [n, C] over the channels.
  private func channelMean(_ value: String, _ builder: inout GradientBuilder) throws(OperatorError) -> String
  {
    let classes = builder.shape(value)[1]
    let weights = classWeights ?? [Double](repeating: 1, count: classes)
    let sum = weights.reduce(0, +)
    let shares = try Self.vector(weights.map { $0 / sum }, like: value, &builder)
    return try Self.sum(try builder.emit(Mul(), [value, shares]), axes: [1], &builder)
  }

  /// The sum of everything as a number.
  private func total(_ value: String, _ builder: inout GradientBuilder) throws(OperatorError) -> String {
    try builder.emit(ReduceSum(keepsAxes: false), [value])
  }

  /// A count, or 1 where it is 0: an image of which nothing counts has the loss 0.
  private static func atLeastOne(_ counts: String, _ builder: inout GradientBuilder) throws(OperatorError)
    -> String
  {
    try builder.emit(Max(), [counts, try builder.scalar(1e-12, like: counts)])
  }

  private static func sum(_ value: String, axes: [Int], _ builder: inout GradientBuilder)
    throws(OperatorError) -> String
  {
    try builder.emit(ReduceSum(keepsAxes: false), [value, try builder.constant(axes)])
  }

  private static func vector(_ values: [Double], like other: String, _ builder: inout GradientBuilder)
    throws(OperatorError) -> String
  {
    do {
      return builder.type(other).elementType == .float64
        ? builder.constant(try Tensor(values)) : builder.constant(try Tensor(values.map { Float($0) }))
    } catch { throw OperatorError(.outOfMemory, "no memory for \(values.count) weights") }
  }
}

/// What a mask says of pixels, as floating-point numbers that a loss can be computed with.
private struct PixelMask {
  /// 1 where a pixel counts, else 0: [n, 1, H, W].
  let counted: String
  /// 1 in the channel of a pixel's class where it counts, else 0: [n, C, H, W].
  let oneHot: String

  init(_ targets: String, like scores: String, ignored: Int, _ builder: inout GradientBuilder)
    throws(OperatorError)
  {
    let (isCounted, labels) = try Self.counted(targets, ignored, like: scores, &builder)
    let shape = builder.shape(targets)
    counted = try builder.reshape(isCounted, to: Shape([shape[0], 1, shape[1], shape[2]]))
    oneHot = try builder.emit(Mul(), [try builder.oneHot(labels, like: scores), counted])
  }

  /// 1 where a pixel counts, else 0, and classes with those that do not count at class 0: [n, H, W].
  static func counted(
    _ targets: String, _ ignored: Int, like scores: String, _ builder: inout GradientBuilder
  ) throws(OperatorError) -> (counted: String, labels: String) {
    let marker = try builder.constantNumber(ignored, like: targets)
    let isIgnored = try builder.emit(Equal(), [targets, marker])
    let labels = try builder.emit(
      Where(), [isIgnored, try builder.constantNumber(0, like: targets), targets])
    let counted = try builder.emit(
      Where(), [isIgnored, try builder.scalar(0, like: scores), try builder.scalar(1, like: scores)])
    return (counted, labels)
  }
}

extension GradientBuilder {
  /// Adds a whole number of the type of some labels and returns its name.
  fileprivate mutating func constantNumber(_ value: Int, like labels: String) throws(OperatorError) -> String
  {
    do {
      return type(labels).elementType == .int32
        ? constant(try Tensor(scalar: Int32(value))) : constant(try Tensor(scalar: Int64(value)))
    } catch { throw OperatorError(.outOfMemory, "no memory for a number") }
  }
}
