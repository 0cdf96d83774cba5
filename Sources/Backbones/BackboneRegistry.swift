package import Graphs
package import Operators
import Tensors

/// What comparing a network with every family gave.
package struct Recognition: Sendable {
  /// The network as it was looked at.
  package let view: GraphView
  /// The layout of the first family that fits, or nil.
  package let layout: BackboneLayout?
  /// The families that do not fit, each with its reason.
  package let mismatches: [FamilyMismatch]

  /// The outcome of a comparison.
  package init(view: GraphView, layout: BackboneLayout?, mismatches: [FamilyMismatch]) {
    self.view = view
    self.layout = layout
    self.mismatches = mismatches
  }

  /// Operators that this version does not support; no family fits where there are any.
  package var unsupported: [LoweringError.Unsupported] { view.unsupported }

  /// Values for insertion by hand: results of residual additions that hold a map.
  package var candidates: [String] { view.insertionCandidates }

  /// The types of values that the file stores in fewer bits than they are computed in, sorted; none for most files.
  package var storedTypeNames: [String] { Set(view.storedTypes.values.map(\.name)).sorted() }

  /// The layout, or an error that lists why no family fits and what can be done.
  package func requireLayout() throws(BackboneError) -> BackboneLayout {
    if let layout { return layout }
    guard unsupported.isEmpty else { throw .cannotBeRead(.unsupported(unsupported)) }
    throw .notRecognised(mismatches, candidates: candidates)
  }
}

/// The known families, in the order in which they are tried.
package struct BackboneRegistry: Sendable {
  private let families: [any Backbone.Type]

  /// A registry of some families.
  package init(_ families: [any Backbone.Type]) { self.families = families }

  /// Every family that this version knows.
  package static let standard = BackboneRegistry([
    Segmenter.self, VisionTransformer.self, SwinTransformer.self, ResidualNetwork.self,
    InvertedResidualNetwork.self,
  ])

  /// Names of the families.
  package var names: [String] { families.map { $0.name } }

  /// Compares a network with every family until one fits.
  package func recognize(_ view: GraphView) -> Recognition {
    var mismatches: [FamilyMismatch] = []
    for family in families where family.mayBe(view) {
      do throws(Mismatch) {
        let layout = try family.recognize(view)
        return Recognition(view: view, layout: layout, mismatches: mismatches)
      } catch {
        mismatches.append(FamilyMismatch(family: family.name, mismatch: error))
      }
    }
    return Recognition(view: view, layout: nil, mismatches: mismatches)
  }

  /// Lowers a model at its own batch, or 1, and compares it with every family.
  ///
  /// A model with operators that are not supported is looked at as far as its file tells, and fits none.
  ///
  /// - Throws: `BackboneError` where the file is quantised, where it has operators of ONNX Runtime's own that are not implemented, or
  ///   where the network is wrong in itself.
  package func recognize(_ model: ModelDescription, lowering: Lowering) throws(BackboneError) -> Recognition {
    try QuantizedFile.refuse(model, lowering.registry)
    try RuntimeRewrites.refuse(model, lowering.registry)
    return recognize(try GraphView(looking: lowering, at: model))
  }
}
