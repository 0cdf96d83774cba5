package import Tensors

/// Losses over classes, forward and backward.
///
/// Shapes: scores [B, C, P] with positions P as one axis, labels, losses and weights per position [B, P], class weights [C].
package struct CrossEntropy: Sendable {
  /// How losses per position become the result.
  package enum Reduction: Sendable {
    case none
    case sum
    case mean
  }

  /// Number of images, classes and positions.
  package let batch: Int
  package let classes: Int
  package let positions: Int
  /// How losses are reduced.
  package let reduction: Reduction
  /// Label of positions that don't count.
  package let ignored: Int?

  /// A loss over the given sizes.
  package init(batch: Int, classes: Int, positions: Int, reduction: Reduction, ignored: Int?) {
    self.batch = batch
    self.classes = classes
    self.positions = positions
    self.reduction = reduction
    self.ignored = ignored
  }

  /// log p = s − log Σ exp s over the classes, with the largest score taken off first.
  package func logSoftmax(_ scores: TensorView, into result: TensorView, _ options: KernelOptions) {
    switch scores.elementType {
    case .float32: logSoftmax(scores, result, options, Float.self)
    default: logSoftmax(scores, result, options, Double.self)
    }
  }

  /// loss = −w[label] · log p[label]; the mean divides by the sum of the weights.
  package func loss(
    _ logarithms: TensorView, _ labels: ClassLabels, _ weights: TensorView?, into result: TensorView,
    _ options: KernelOptions
  ) {
    switch logarithms.elementType {
    case .float32: loss(logarithms, labels, weights, result, options, Float.self)
    default: loss(logarithms, labels, weights, result, options, Double.self)
    }
  }

  /// loss = −w[label] · log p[label] straight from scores.
  package func lossOfScores(
    _ scores: TensorView, _ labels: ClassLabels, _ weights: TensorView?, into result: TensorView,
    _ options: KernelOptions
  ) {
    switch scores.elementType {
    case .float32: lossOfScores(scores, labels, weights, result, options, Float.self)
    default: lossOfScores(scores, labels, weights, result, options, Double.self)
    }
  }

  /// The gradient of the loss with respect to log p: −w[label] · g at the label, else zero.
  package func gradient(
    _ dLoss: TensorView, _ labels: ClassLabels, _ weights: TensorView?, into result: TensorView,
    _ options: KernelOptions
  ) {
    DataMovement.clear(result)
    switch result.elementType {
    case .float32: addAtLabels(dLoss, labels, weights, result, options, Float.self)
    default: addAtLabels(dLoss, labels, weights, result, options, Double.self)
    }
  }

  /// The gradient of the loss with respect to scores: (p − [c = label]) · w[label] · g.
  package func gradientOfScores(
    _ dLoss: TensorView, _ scores: TensorView, _ labels: ClassLabels, _ weights: TensorView?,
    into result: TensorView, _ options: KernelOptions
  ) {
    switch result.elementType {
    case .float32: gradientOfScores(dLoss, scores, labels, weights, result, options, Float.self)
    default: gradientOfScores(dLoss, scores, labels, weights, result, options, Double.self)
    }
  }

  /// Where the scores of a position of all images start.
  @inline(__always)
  private func start(of index: Int) -> Int { index / positions * classes * positions + index % positions }

  private func logSoftmax<Element: RealNumber>(
    _ scores: TensorView, _ result: TensorView, _ options: KernelOptions, _ type: Element.Type
  ) {
    let (source, target) = unsafe (scores.words(type), result.words(type))
    forEachRange(batch * positions, workPerItem: 16 * classes, options) { range in
      for index in range {
        let start = start(of: index)
        let normalizer = unsafe logarithmOfSum(source + start)
        for index in 0..<classes {
          unsafe target[start + index * positions] = source[start + index * positions] - normalizer
        }
      }
    }
  }

  private func loss<Element: RealNumber>(
    _ logarithms: TensorView, _ labels: ClassLabels, _ weights: TensorView?, _ result: TensorView,
    _ options: KernelOptions, _ type: Element.Type
  ) {
    let source = unsafe logarithms.words(type)
    reduce(labels, weights, result, options, type) { place, start in unsafe -source[place] }
  }

  private func lossOfScores<Element: RealNumber>(
    _ scores: TensorView, _ labels: ClassLabels, _ weights: TensorView?, _ result: TensorView,
    _ options: KernelOptions, _ type: Element.Type
  ) {
    let source = unsafe scores.words(type)
    reduce(labels, weights, result, options, type) { place, start in
      unsafe logarithmOfSum(source + start) - source[place]
    }
  }

  /// Weighs and reduces one loss per position; the sums are kept in Double, piece by piece.
  @inline(__always)
  private func reduce<Element: RealNumber>(
    _ labels: ClassLabels, _ weights: TensorView?, _ result: TensorView, _ options: KernelOptions,
    _ type: Element.Type, _ loss: (Int, Int) -> Element
  ) {
    let target = unsafe result.words(type)
    let factors = unsafe weights?.words(type)
    let sums = Chunks(count: labels.count).map(options, (0.0, 0.0)) { range in
      var sum = 0.0
      var total = 0.0
      for index in range {
        let label = labels[index]
        guard label != ignored else {
          if reduction == .none { unsafe target[index] = 0 }
          continue
        }
        let start = start(of: index)
        let weight = unsafe factors?[label] ?? 1
        let weighted = weight * loss(start + label * positions, start)
        if reduction == .none { unsafe target[index] = weighted }
        sum += Double(weighted)
        total += Double(weight)
      }
      return (sum, total)
    }
    let sum = sums.reduce(0) { $0 + $1.0 }
    switch reduction {
    case .none: break
    case .sum: unsafe target[0] = Element(sum)
    case .mean: unsafe target[0] = Element(sum / sums.reduce(0) { $0 + $1.1 })
    }
  }

  /// Gradient per position, which a mean divides by the sum of the weights.
  @inline(__always)
  private func forEachLabel<Element: RealNumber>(
    _ dLoss: TensorView, _ labels: ClassLabels, _ weights: TensorView?, _ options: KernelOptions,
    _ type: Element.Type, _ body: (_ start: Int, _ label: Int?, _ factor: Element) -> Void
  ) {
    let upstream = unsafe dLoss.words(type)
    let factors = unsafe weights?.words(type)
    var total = 1.0
    if reduction == .mean {
      total = Chunks(count: labels.count).map(options, 0.0) { range in
        range.reduce(0.0) { sum, index in
          let label = labels[index]
          return label == ignored ? sum : sum + (unsafe Double(factors?[label] ?? 1))
        }
      }.reduce(0, +)
    }
    forEachRange(labels.count, workPerItem: 16 * classes, options) { range in
      for index in range {
        let (start, label) = (start(of: index), labels[index])
        guard label != ignored else {
          body(start, nil, 0)
          continue
        }
        let gradient = unsafe upstream[reduction == .none ? index : 0]
        let weight = unsafe factors?[label] ?? 1
        body(start, label, Element(Double(gradient) * Double(weight) / total))
      }
    }
  }

  private func addAtLabels<Element: RealNumber>(
    _ dLoss: TensorView, _ labels: ClassLabels, _ weights: TensorView?, _ result: TensorView,
    _ options: KernelOptions, _ type: Element.Type
  ) {
    let target = unsafe result.words(type)
    forEachLabel(dLoss, labels, weights, options, type) { start, label, factor in
      if let label { unsafe target[start + label * positions] = -factor }
    }
  }

  private func gradientOfScores<Element: RealNumber>(
    _ dLoss: TensorView, _ scores: TensorView, _ labels: ClassLabels, _ weights: TensorView?,
    _ result: TensorView, _ options: KernelOptions, _ type: Element.Type
  ) {
    let (source, target) = unsafe (scores.words(type), result.words(type))
    forEachLabel(dLoss, labels, weights, options, type) { start, label, factor in
      let normalizer = unsafe logarithmOfSum(source + start)
      for index in 0..<classes {
        let place = start + index * positions
        let probability = unsafe Element.exponential(source[place] - normalizer)
        unsafe target[place] = label == nil ? 0 : factor * (index == label ? probability - 1 : probability)
      }
    }
  }

  /// log Σ exp over the classes at one position.
  private func logarithmOfSum<Element: RealNumber>(_ scores: UnsafeMutablePointer<Element>) -> Element {
    var largest = -Element.infinity
    for index in 0..<classes { unsafe largest = max(largest, scores[index * positions]) }
    guard largest.isFinite else { return largest }
    var sum: Element = 0
    for index in 0..<classes { unsafe sum += Element.exponential(scores[index * positions] - largest) }
    return largest + Element.logarithm(sum)
  }
}
