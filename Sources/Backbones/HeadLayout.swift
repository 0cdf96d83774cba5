import Graphs
import Operators

extension Recognition {
  /// The layout of the family, or of a network of any other one as far as its head: without blocks and points.
  ///
  /// Enough for methods that put nothing into the network.
  package func layoutOfHead() throws(BackboneError) -> BackboneLayout {
    if let layout { return layout }
    guard unsupported.isEmpty else { throw .cannotBeRead(.unsupported(unsupported)) }
    return try view.layout("of no known family", [], after: nil, prefix: 0)
  }
}

extension GraphView {
  /// The layout of a network of no known family.
  ///
  /// - Parameter last: the value behind which head or features are looked for, or nil for the input.
  func layout(
    _ variant: String, _ blocks: [BackboneLayout.Block], after last: String?, prefix: Int
  ) throws(BackboneError) -> BackboneLayout {
    guard let start = last ?? inputs.first, let output = outputs.first else {
      throw .withoutEnds
    }
    let tail = Tail(after: start, in: self)
    let reading = tail.reading(prefix: prefix)
    let firstConvolution = nodes.firstIndex { $0.operatorName.type == "Conv" } ?? 0
    var layout = BackboneLayout(
      family: nil, variant: variant, blocks: blocks, head: tail.classifier, headInput: reading?.input,
      output: reading?.output ?? output, rivals: tail.rivals, image: ImageInput.first(of: self),
      prefixTokens: prefix, weights: weights(from: firstConvolution))
    layout.expansion = expansion
    return layout
  }
}
