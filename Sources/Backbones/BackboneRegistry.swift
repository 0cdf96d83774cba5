package import Graphs
package import Operators

/// What comparing a network with every family gave.
package struct Recognition: Sendable {
  /// The network as it was looked at.
  package let view: GraphView
  /// The layout of the first family that fits, or nil.
  package let layout: BackboneLayout?
  /// The families that do not fit, each with its reason.
  package let mismatches: [FamilyMismatch]

  /// Values for insertion by hand: results of residual additions that hold a map.
  package var candidates: [String] { view.insertionCandidates }

  /// The layout, or an error that lists why no family fits and what can be done.
  package func requireLayout() throws(BackboneError) -> BackboneLayout {
    guard let layout else { throw .notRecognised(mismatches, candidates: candidates) }
    return layout
  }
}

/// The known families, in the order in which they are tried.
package struct BackboneRegistry: Sendable {
  private let families: [any Backbone.Type]

  /// A registry of some families.
  package init(_ families: [any Backbone.Type]) { self.families = families }

  /// Every family that this version knows.
  package static let standard = BackboneRegistry([VisionTransformer.self])

  /// Names of the families.
  package var names: [String] { families.map { $0.name } }

  /// Compares a network with every family until one fits.
  package func recognize(_ view: GraphView) -> Recognition {
    var mismatches: [FamilyMismatch] = []
    for family in families {
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
  /// - Throws: `BackboneError` where the file was rewritten by ONNX Runtime, or where it cannot be lowered.
  package func recognize(_ model: ModelDescription, lowering: Lowering) throws(BackboneError) -> Recognition {
    try RuntimeRewrites.refuse(model)
    do {
      return recognize(try GraphView(model, lowering: lowering))
    } catch {
      throw .cannotBeRead(error)
    }
  }
}
