public import Adapters
public import Backbones
import Runs

/// The task head of an adapted model.
public enum Head: Sendable, Hashable {
  /// The one that the model has, which trains on.
  case original
  /// A new linear classifier of so many classes.
  case classifier(classes: Int)
  /// A new head that gives every pixel scores of so many classes, and with `hasArgMax` the class as a second output.
  case dense(DenseHead.Kind? = nil, classes: Int, hasArgMax: Bool = false)

  /// The head that is put in; nil for the one that the model has.
  var replacement: (any TaskHead)? {
    switch self {
    case .original: nil
    case .classifier(let classes): ClassificationHead(classes: classes)
    case .dense(let kind, let classes, let hasArgMax):
      DenseHead(kind, classes: classes, hasArgMax: hasArgMax)
    }
  }
}

extension Model {
  /// The model's blocks, points for adapters and head, as a recogniser finds them by structure.
  ///
  /// - Parameter placement: points given by hand, for networks of unknown families; nil for the family's own.
  /// - Throws: an error that says why each known family does not fit, with values that points can be put at.
  public func backbone(at placement: HandPlacement? = nil) throws -> BackboneLayout {
    try file.located {
      let recognition = try Injection.recognize(file.description, context: context)
      return try placement.map { try recognition.layout(at: $0) } ?? recognition.requireLayout()
    }
  }

  /// The model with a method's adapters and a head put in; it computes what this one computes until it is trained.
  ///
  /// - Parameters:
  ///   - method: `DualKernelAdapter`, `LinearProbe`, `FullFineTuning`, or a method of your own.
  ///   - backbone: what `backbone(at:)` found, or nil to look; methods that put nothing in need none, whatever the network.
  ///   - head: the task head.
  ///   - seed: decides the start of every new tensor.
  /// - Throws: where the model is not recognised, or the method does not fit it.
  public func adapted(
    by method: any AdapterMethod = DualKernelAdapter(), in backbone: BackboneLayout? = nil,
    head: Head = .original, seed: Int = 7
  ) throws -> Model {
    let layout = try file.located {
      try backbone
        ?? Injection.layout(
          of: Injection.recognize(file.description, context: context), for: method, at: nil)
    }
    let adapted = try file.located {
      try AdaptedModel(file.description, layout, method: method, head: head.replacement, seed: seed)
    }
    return Model(adapted.model, from: self, adapted)
  }
}
