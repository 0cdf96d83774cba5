import Backbones
import Graphs

/// What a new head makes of a network's outputs: the old one goes, those that do not depend on it stay.
struct OutputReplacement {
  /// Outputs that stay.
  let others: [ValueDescription]
  /// The batch as the old output declares it, or the image input where the output declares nothing.
  let batch: Dimension

  init(of layout: BackboneLayout, in graph: Graph) {
    let parts = Set((layout.head?.layers.map(\.product) ?? []) + (layout.decoder?.initializers ?? []))
    others = graph.outputs.filter { output in
      output.name != layout.output && output.name != layout.decoder?.output
        && !layout.decoderRivals.contains(output.name)
        && !graph.depends(output.name, onAnyOf: parts)
    }
    let old = graph.outputs.first { $0.name == layout.output }
    let image = layout.image.flatMap { image in graph.inputs.first { $0.name == image.name } }
    batch =
      [old, image].lazy.compactMap { description -> Dimension? in
        guard case .tensor(_, let dimensions?)? = description?.type?.kind else { return nil }
        return dimensions.first
      }.first ?? Dimension(.unknown)
  }

  /// A name that no value of the graph and no other output has.
  func unusedName(_ wanted: String, in graph: Graph) -> String {
    let taken = graph.definedNames.union(others.map(\.name))
    var name = wanted
    var number = 2
    while taken.contains(name) {
      name = "\(wanted)_\(number)"
      number += 1
    }
    return name
  }
}
