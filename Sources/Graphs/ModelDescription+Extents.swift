extension ModelDescription {
  /// The model with axes of an input bound to extents, where the file leaves them open.
  ///
  /// What is lowered and recognised is such a copy; what is written declares its inputs as the file does
  /// (`declaringInputs(as:)`). Extents that the file fixes stay.
  ///
  /// - Parameter extents: extent per axis; axes that the input does not have are passed over.
  package func binding(_ extents: [Int: Int], of input: String) -> ModelDescription {
    guard let index = graph.inputs.firstIndex(where: { $0.name == input }),
      case .tensor(let elementType, var dimensions?)? = graph.inputs[index].type?.kind
    else { return self }
    var isChanged = false
    for axis in dimensions.indices where dimensions[axis].isOpen {
      guard let extent = extents[axis] else { continue }
      dimensions[axis].extent = .value(Int64(extent))
      isChanged = true
    }
    guard isChanged else { return self }
    var result = self
    result.graph.inputs[index].type?.kind = .tensor(elementType: elementType, shape: dimensions)
    return result
  }

  /// The model with the first axis of every input that leaves it open bound to a batch.
  package func bindingBatch(_ batch: Int) -> ModelDescription {
    graph.requiredInputs.reduce(self) { $0.binding([0: batch], of: $1.name) }
  }

  /// The axes that an input leaves open; none where it declares no shape.
  package func openAxes(of input: String) -> [Int] {
    guard let description = graph.inputs.first(where: { $0.name == input }),
      case .tensor(_, let dimensions?)? = description.type?.kind
    else { return [] }
    return dimensions.indices.filter { dimensions[$0].isOpen }
  }

  /// The model with its inputs declared as another one declares those of the same names.
  package func declaringInputs(as other: ModelDescription) -> ModelDescription {
    var result = self
    for (index, input) in graph.inputs.enumerated() {
      guard let declared = other.graph.inputs.first(where: { $0.name == input.name }),
        declared.type != input.type
      else { continue }
      result.graph.inputs[index] = declared
    }
    return result
  }
}

extension Dimension {
  /// Whether the file fixes no extent.
  package var isOpen: Bool { if case .value = extent { false } else { true } }
}
