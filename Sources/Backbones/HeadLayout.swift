import Graphs
import Operators

extension Recognition {
  /// The layout of the family, or of a network of any other one as far as its head: without blocks and points.
  ///
  /// Enough for methods that put nothing into the network.
  package func layoutOfHead() throws(BackboneError) -> BackboneLayout {
    if let layout { return layout }
    guard unsupported.isEmpty else { throw .cannotBeRead(.unsupported(unsupported)) }
    return try view.layout("of no known family", [], behind: nil)
  }
}

extension GraphView {
  /// The layout of a network of a family whose blocks are known: with head and image input.
  ///
  /// - Parameters:
  ///   - last: the last value of the stream.
  ///   - isDense: whether a head for pixels is looked for beside a classifier too.
  ///   - variant: the variant in words, from the classifier that was found.
  func layout(
    family: String, _ blocks: [BackboneLayout.Block], behind last: String?, stem: ImageStem,
    isDense: Bool = false, variant: (ClassifierHead?) -> String
  ) throws(Mismatch) -> BackboneLayout {
    guard let last,
      let layout = layout(blocks, behind: last, weightsFrom: stem.convolutionIndex, isDense: isDense)
    else {
      throw Mismatch("the network has no output")
    }
    var result = layout
    result.family = family
    result.variant = variant(layout.head)
    result.image = stem.image
    return result
  }

  /// The layout of a network of no known family.
  ///
  /// - Parameter last: the value behind which head or features are looked for, or nil for the input.
  func layout(_ variant: String, _ blocks: [BackboneLayout.Block], behind last: String?)
    throws(BackboneError) -> BackboneLayout
  {
    let firstConvolution = nodes.firstIndex { $0.operatorName.type == "Conv" } ?? 0
    guard let start = last ?? inputs.first,
      var layout = layout(blocks, behind: start, weightsFrom: firstConvolution)
    else { throw .withoutEnds }
    layout.variant = variant
    return layout
  }

  /// A layout with head and image input, still without family and variant; nil where the network delivers nothing.
  private func layout(
    _ blocks: [BackboneLayout.Block], behind start: String, weightsFrom first: Int, isDense: Bool = false
  ) -> BackboneLayout? {
    guard let output = outputs.first else { return nil }
    let tail = Tail(after: start, in: self)
    let prefix = blocks.flatMap(\.points).last { $0.value == start }?.prefixTokens ?? 0
    let reading = tail.reading(prefix: prefix)
    var layout = BackboneLayout(
      family: nil, variant: "", blocks: blocks, head: tail.classifier, headInput: reading?.input,
      output: reading?.output ?? output, rivals: tail.rivals, image: ImageInput.first(of: self),
      weights: weights(from: first))
    layout.maps = blocks.lastOfEachGrid
    layout.finalMap = layout.maps.last.map { map in
      map.value == start ? map.held(by: tail.normalizedStream ?? map.value) : map
    }
    if isDense || tail.classifier == nil {
      let heads = PixelHead.all(
        behind: layout.finalMap?.value ?? start, ImageInput.first(of: self), in: self)
      layout.decoder = heads.first
      // What only other heads read does not train.
      let others = Set(heads.dropFirst().flatMap(\.initializers)).subtracting(
        heads.first?.initializers ?? [])
      layout.weights.removeAll { others.contains($0.name) }
      if heads.first?.output != model.namedScoreOutput {
        layout.decoderRivals = heads.dropFirst().map(\.output)
      }
      if tail.classifier == nil, let decoder = heads.first { layout.output = decoder.output }
    }
    layout.expansion = expansion
    layout.storedTypes = storedTypes
    return layout
  }
}
