import Graphs

extension GraphView {
  /// The value that a value is a mere rearrangement of.
  package func beforeRearranging(_ value: String) -> String {
    var current = value
    while let index = producer(current), isRearranging(index), let source = nodes[index].inputs.first,
      isData(source)
    {
      current = source
    }
    return current
  }

  /// The value that a value equals, element for element in the same shape: without Identity, Dropout and idle Reshapes.
  package func sameValue(_ value: String) -> String {
    var current = value
    while let index = producer(current), isRearranging(index), let source = nodes[index].inputs.first,
      isData(source), nodes[index].operatorName.type != "Transpose", extents(source) == extents(current),
      elementType(source) == elementType(current)
    {
      current = source
    }
    return current
  }

  /// The rearrangements that lead from one value to the next computation, as far as each has one reader.
  ///
  /// Returns the last value.
  package func afterRearranging(_ value: String) -> String {
    var current = value
    while let index = soleConsumer(current), isRearranging(index),
      nodes[index].inputs.first == current,
      let result = nodes[index].outputs.first
    {
      current = result
    }
    return current
  }

  /// The one node that reads a value which is no output of the network.
  package func soleConsumer(_ value: String) -> Int? {
    let readers = consumers(value)
    return readers.count == 1 && !outputs.contains(value) ? readers.first : nil
  }
}
