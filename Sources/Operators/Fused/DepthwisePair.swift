package import Graphs
package import Kernels
import Tensors

/// Sum of two depthwise convolutions of the same maps, as one with the merged kernel, or one alone (domain dka.fused).
///
///     Y = X ∗ large + X ∗ small = X ∗ (large + small padded with zeros)
///
/// Zero padding that keeps the size, stride 1, dilations `large_dilation` and `small_dilation`. Taps that never meet data are
/// skipped, which is exact. Shapes: X [B, C, H, W], large [C, 1, K, K], small [C, 1, k, k], K and k odd → Y like X.
/// Source: the DKA paper, eq. 2.
package struct DepthwisePair: Decomposable {
  package static let schema = OperatorSchema(
    "DepthwisePair", domain: "dka.fused", versions: 1..., inputs: ["X", "large", "small?"], outputs: ["Y"])

  let pair: DepthwisePairComputation

  /// Convolutions whose kernels have taps at these distances.
  package init(largeDilation: Int, smallDilation: Int) {
    pair = DepthwisePairComputation(
      DepthwiseForm(largeDilation: largeDilation, smallDilation: smallDilation))
  }

  package init(reading node: AttributeReader) throws(OperatorError) {
    pair = DepthwisePairComputation(try DepthwiseForm(reading: node, tokens: false))
  }

  package var attributes: [Attribute] { pair.form.attributes }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try pair.inferTypes(inputs)
  }
  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    try pair.bind(inputs, options)
  }
  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    try pair.pullback(site, DepthwisePairGradient(pair), into: &gradient)
  }
  package func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    try pair.decomposition(node, into: &builder)
  }
}

/// `DepthwisePair` on tokens: the map's tokens are convolved where they lie, the others pass through (domain dka.fused).
///
/// Attributes `height`, `width`, `prefix` besides those of `DepthwisePair`. Shapes: X [B, prefix + height · width, C], large
/// [C, 1, K, K], small [C, 1, k, k] → Y like X.
package struct TokenDepthwisePair: Decomposable, Narrowable {
  package static let schema = OperatorSchema(
    "TokenDepthwisePair", domain: "dka.fused", versions: 1..., inputs: ["X", "large", "small?"],
    outputs: ["Y"])

  let pair: DepthwisePairComputation

  /// What a pair does with maps, done with the tokens behind a prefix.
  package init(_ maps: DepthwisePair, height: Int, width: Int, prefix: Int) {
    pair = DepthwisePairComputation(
      DepthwiseForm(maps.pair.form, grid: (height, width), prefix: prefix))
  }

  package init(reading node: AttributeReader) throws(OperatorError) {
    pair = DepthwisePairComputation(try DepthwiseForm(reading: node, tokens: true))
  }

  package var attributes: [Attribute] { pair.form.attributes }

  package func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try pair.inferTypes(inputs)
  }
  /// The tokens in front of the map are the operand's.
  package func narrowing(axis: Int, to range: Range<Int>, _ inputs: InputTypes) -> Narrowing? {
    axis == 1 && range.upperBound <= pair.form.prefix ? .operand(0) : nil
  }
  package func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    try pair.bind(inputs, options)
  }
  package func pullback(_ site: PullbackSite, into gradient: inout GradientBuilder) throws(OperatorError)
    -> [String?]
  {
    try pair.pullback(site, TokenDepthwisePairGradient(pair), into: &gradient)
  }
  package func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    try pair.decomposition(node, into: &builder)
  }
}

/// Gradients of `DepthwisePair` in one pass (domain dka.gradient).
///
///     dX = dY ∗ turned merged kernel        dm = correlation of dY with X        dlarge, dsmall = centres of dm
struct DepthwisePairGradient: Decomposable {
  static let schema = OperatorSchema(
    "DepthwisePairGradient", domain: "dka.gradient", versions: 1...,
    inputs: ["X", "large", "small?", "dY"], outputs: ["dX?", "dlarge?", "dsmall?"])

  let pair: DepthwisePairComputation

  init(_ pair: DepthwisePairComputation) { self.pair = pair }

  init(reading node: AttributeReader) throws(OperatorError) {
    pair = DepthwisePairComputation(try DepthwiseForm(reading: node, tokens: false))
  }

  var attributes: [Attribute] { pair.form.attributes }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try pair.inferGradientTypes(inputs)
  }
  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    try pair.bindGradient(inputs, options)
  }
  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    try pair.gradientDecomposition(node, into: &builder)
  }
}

/// Gradients of `TokenDepthwisePair` in one pass (domain dka.gradient).
struct TokenDepthwisePairGradient: Decomposable {
  static let schema = OperatorSchema(
    "TokenDepthwisePairGradient", domain: "dka.gradient", versions: 1...,
    inputs: ["X", "large", "small?", "dY"], outputs: ["dX?", "dlarge?", "dsmall?"])

  let pair: DepthwisePairComputation

  init(_ pair: DepthwisePairComputation) { self.pair = pair }

  init(reading node: AttributeReader) throws(OperatorError) {
    pair = DepthwisePairComputation(try DepthwiseForm(reading: node, tokens: true))
  }

  var attributes: [Attribute] { pair.form.attributes }

  func inferTypes(_ inputs: InputTypes) throws(OperatorError) -> [ValueType] {
    try pair.inferGradientTypes(inputs)
  }
  func bind(_ inputs: InputTypes, _ options: KernelOptions) throws(OperatorError) -> BoundKernel {
    try pair.bindGradient(inputs, options)
  }
  func decomposition(_ node: LoweredNode, into builder: inout GradientBuilder) throws(OperatorError)
    -> [String]
  {
    try pair.gradientDecomposition(node, into: &builder)
  }
}
