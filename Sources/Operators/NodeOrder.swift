import Graphs

extension Lowering {
  /// Positions of nodes in topological order, keeping the file's order where it already is one.
  ///
  /// Elsewhere a node stands as far ahead as reading the file again and again, and each time taking what is ready, brings it.
  static func order(of nodes: [Node], known: Set<String>) throws(LoweringError) -> [Int] {
    var makers: [String: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for output in node.outputs where !output.isEmpty {
        guard !known.contains(output), makers.updateValue(index, forKey: output) == nil else {
          throw .graph(
            "value '\(output)' is made twice, the second time by '\(node.label)'", value: output)
        }
      }
    }
    var readers = [[Int]](repeating: [], count: nodes.count)
    var missing = [Int](repeating: 0, count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for input in node.usedNames where !known.contains(input) {
        guard let maker = makers[input] else {
          throw .graph("node '\(node.label)' reads '\(input)', which nothing makes", value: input)
        }
        readers[maker].append(index)
        missing[index] += 1
      }
    }
    // How often the file has been read when a node is ready.
    var passes = [Int](repeating: 0, count: nodes.count)
    var ready = nodes.indices.filter { missing[$0] == 0 }
    var isPlaced = [Bool](repeating: false, count: nodes.count)
    while let index = ready.popLast() {
      isPlaced[index] = true
      for reader in readers[index] {
        passes[reader] = max(passes[reader], passes[index] + (index > reader ? 1 : 0))
        missing[reader] -= 1
        if missing[reader] == 0 { ready.append(reader) }
      }
    }
    let stuck = nodes.indices.filter { !isPlaced[$0] }
    guard stuck.isEmpty else {
      let labels = stuck.prefix(4).map { "'\(nodes[$0].label)'" }.joined(separator: ", ")
      throw .graph("nodes form a cycle: \(labels)", value: nodes[stuck[0]].outputs.first)
    }
    return nodes.indices.sorted { (passes[$0], $0) < (passes[$1], $1) }
  }
}
