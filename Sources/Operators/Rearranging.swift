import Tensors

/// An operator whose results only hold elements of its first operand at other places.
///
/// The one statement of where they lie: recognisers look through it, layout rules compose it, fused kernels read in its
/// strides, results that are a run of the operand's memory are views of it, and what moves nothing is removed.
package protocol Rearranging: OperandViewing {
  /// Where the elements of a result lie, for an operand whose elements lie as `map` says; nil where strides do not express it.
  ///
  /// - Parameters:
  ///   - results: types of the results, nil for those without a name.
  func rearranged(_ map: StridedMap, to result: Int, _ inputs: InputTypes, _ results: [ValueType?])
    -> StridedMap?
}

extension Rearranging {
  /// Where the elements of a result lie in the operand's memory; nil where strides do not express it, or there are none.
  package func map(to result: Int, _ inputs: InputTypes, _ results: [ValueType?]) -> StridedMap? {
    guard let source = inputs.optional(0)?.shape, source.elementCount > 0 else { return nil }
    return rearranged(StridedMap(extents: source.extents), to: result, inputs, results)
  }

  /// Whether a result is the operand's memory as it is: no element moves, none is left out.
  package func keepsMemory(_ inputs: InputTypes, _ results: [ValueType?]) -> Bool {
    guard let first = results.first, let type = first, let source = inputs.optional(0),
      type.elementType == source.elementType, type.shape.elementCount == source.shape.elementCount
    else { return false }
    return source.shape.elementCount == 0 || map(to: 0, inputs, results)?.isDense ?? false
  }

  /// Results that are a run of the operand's memory.
  package func views(_ inputs: InputTypes) throws(OperatorError) -> [OperandView?] {
    let source = inputs[0]
    let results = try inferTypes(inputs)
    return results.indices.map { index in
      guard results[index].elementType == source.elementType else { return nil }
      guard results[index].shape.elementCount > 0 else { return OperandView(input: 0) }
      guard let map = map(to: index, inputs, results), map.isContiguous else { return nil }
      return OperandView(input: 0, elementOffset: map.offset)
    }
  }
}
