import Graphs

/// Checks that patches become tokens row by row, and that prefix tokens stand before them.
enum TokenOrder {
  static func check(
    from map: String, to stream: String, grid: TokenGrid, prefix: Int, in view: GraphView
  ) throws(Mismatch) {
    var current = map
    var transposes = 0
    // Where nothing is added to the patches and nothing put before them, they are the stream themselves.
    while current != stream,
      transposes == 0 || view.extents(current).count != 3 || view.extents(current)[1] != grid.count
    {
      guard let index = view.consumers(current).first, let result = view.nodes[index].outputs.first,
        view.isData(result)
      else { break }
      let node = view.nodes[index]
      if node.operatorName.type == "Transpose" {
        let order = view.integers("perm", operand: .max, of: node) ?? []
        guard order == [0, 2, 1] || order == [0, 2, 3, 1] else {
          throw Mismatch(
            "'\(node.label)' orders patches as \(order), expected them row by row", at: [node.label])
        }
        transposes += 1
      }
      current = result
    }
    guard transposes == 1 else {
      throw Mismatch("the patches do not become tokens [B, \(grid.count), C] by one Transpose", at: [])
    }
    guard prefix > 0 else { return }
    let ancestors = view.ancestors(of: stream)
    let join = ancestors.last { index in
      let node = view.nodes[index]
      return node.operatorName.type == "Concat"
        && (node.outputs.first.map { view.extents($0).count == 3 } ?? false)
        && (node.outputs.first.map { view.extents($0)[1] == grid.count + prefix } ?? false)
    }
    guard let join else {
      throw Mismatch(
        "the stream has \(prefix) tokens more than patches, but nothing is put before the patches")
    }
    let node = view.nodes[join]
    guard let last = node.inputs.last, view.isData(last), view.extents(last).count == 3,
      view.extents(last)[1] >= grid.count
    else {
      throw Mismatch("'\(node.label)' does not put the patches behind the other tokens", at: [node.label])
    }
  }
}
