import Tensors

/// The known heads, by what their recipes say.
package enum HeadRegistry {
  /// The head of a recipe; nil where it has none.
  ///
  /// - Throws: where this version does not know it.
  package static func head(of recipe: [String: String]) throws(AdapterError) -> (any TaskHead)? {
    guard let classes = recipe["classes"].flatMap({ Int($0) }) else { return nil }
    guard let name = recipe["head"] else { return ClassificationHead(classes: classes) }
    guard let kind = DenseHead.Kind(rawValue: name) else {
      let known = DenseHead.Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw AdapterError(.unsupported, "head '\(name)' is not known, known are: \(known)", field: "head")
    }
    return DenseHead(kind, classes: classes, hasArgMax: recipe["argmax"] == "true")
  }
}
