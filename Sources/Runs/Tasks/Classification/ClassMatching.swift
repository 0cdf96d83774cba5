package import Datasets
package import Tensors

/// Which class of a model each class of some labelled images is.
///
/// Classes are matched by name, since a folder that lacks a class, has one more, or sorts its names in another order would
/// else shift every label. Positions count only where there is no name to go by: for numbers, and for models without names.
package struct ClassMatching: Sendable, Equatable {
  /// Index of the model's class per class of the images.
  package let indices: [Int]
  /// The model's class names; those of the images, or numbers, where it has none.
  package let names: [String]
  /// How names were matched that are not the same, in one line; nil where all are.
  package let remark: String?

  /// Matches classes.
  ///
  /// - Parameters:
  ///   - images: what was labelled.
  ///   - modelNames: the model's class names in index order, or nil where it has none.
  ///   - count: the number of the model's classes.
  ///   - source: the folder or file to name in errors.
  /// - Throws: where a class of the images is none of the model's, with both lists.
  package init(
    of images: LabelledImages, to modelNames: [String]?, count: Int, source: String
  ) throws(ClassMismatch) {
    let modelNames = modelNames?.count == count ? modelNames : nil
    let numbered = (0..<count).map(String.init)
    if images.isNumbered {
      if let found = try modelNames.flatMap({ (names) throws(ClassMismatch) in
        try ClassMatching.named(images, among: names, source)
      }) {
        (indices, names, remark) = (
          found, modelNames ?? numbered, "the table's numbers are not the model's: its names count"
        )
        return
      }
      indices = Array(images.classes.indices)
      names = modelNames ?? ClassMatching.padded(images.classes, with: numbered)
      remark = nil
      return
    }
    guard let modelNames else {
      let numbers = images.classes.compactMap { Int($0) }
      if numbers.count == images.classes.count, Set(numbers).count == numbers.count,
        numbers.allSatisfy({ (0..<count).contains($0) })
      {
        (indices, names, remark) = (numbers, numbered, nil)
        return
      }
      guard images.classes.count <= count else {
        throw ClassMismatch(
          source, "the data have \(images.classes.count) classes, the model \(count) without names",
          hint: "list the images in a CSV file with the model's numbers in a column class_index")
      }
      indices = Array(images.classes.indices)
      names = ClassMatching.padded(images.classes, with: numbered)
      remark =
        "the model's \(count) classes have no names: the data's are taken as its first, in the order "
        + ClassMatching.list(images.classes)
      return
    }
    var found: [Int] = []
    var unknown: [String] = []
    var renamed: [String] = []
    for name in images.classes {
      if let index = try ClassMatching.position(of: name, in: modelNames, source) {
        found.append(index)
        if modelNames[index] != name { renamed.append("'\(name)' is the model's '\(modelNames[index])'") }
      } else {
        unknown.append(name)
      }
    }
    guard unknown.isEmpty else {
      throw ClassMismatch(
        source,
        "\(unknown.count == 1 ? "class" : "classes") \(ClassMatching.list(unknown)) of the data "
          + "\(unknown.count == 1 ? "is none" : "are none") of the model's, which are \(ClassMatching.list(modelNames))",
        hint:
          "name the class folders as the model does, or list the images in a CSV file with a column class_index"
      )
    }
    guard Set(found).count == found.count else {
      throw ClassMismatch(
        source, "two classes of the data are one class of the model: \(renamed.joined(separator: ", "))",
        hint: "give every class of the data a name of its own")
    }
    (indices, names) = (found, modelNames)
    remark = renamed.isEmpty ? nil : "classes matched by their letters: \(renamed.joined(separator: ", "))"
  }

  /// Positions by name where a table has numbers and names, each name is one of the model's, and the numbers are others.
  private static func named(_ images: LabelledImages, among names: [String], _ source: String)
    throws(ClassMismatch) -> [Int]?
  {
    let used = Set(images.samples.map(\.label))
    guard used.allSatisfy({ !images.classes[$0].isEmpty }) else { return nil }
    var found = [Int?](repeating: nil, count: images.classes.count)
    for index in used {
      guard let position = try position(of: images.classes[index], in: names, source) else { return nil }
      found[index] = position
    }
    guard used.contains(where: { found[$0] != $0 }), Set(found.compactMap { $0 }).count == used.count else {
      return nil
    }
    return found.enumerated().map { $0.element ?? $0.offset }
  }

  /// The images under the model's classes.
  package func applied(to images: LabelledImages) -> LabelledImages {
    images.relabelled(as: names) { indices[$0] }
  }

  /// The one class of a name, else the one that differs from it in capitals and separators alone.
  private static func position(of name: String, in names: [String], _ source: String) throws(ClassMismatch)
    -> Int?
  {
    for spelling in [{ $0 }, ClassMatching.letters] as [(String) -> String] {
      let matches = names.indices.filter { !spelling(name).isEmpty && spelling(names[$0]) == spelling(name) }
      guard matches.count < 2 else {
        throw ClassMismatch(
          source,
          "the model has \(matches.count) classes '\(name)' (\(matches.map(String.init).joined(separator: ", ")))",
          hint: "list the images in a CSV file with the model's numbers in a column class_index")
      }
      if let match = matches.first { return match }
    }
    return nil
  }

  private static func letters(of name: String) -> String {
    String(name.lowercased().filter { $0.isLetter || $0.isNumber })
  }

  private static func padded(_ names: [String], with numbers: [String]) -> [String] {
    numbers.indices.map { names.indices.contains($0) && !names[$0].isEmpty ? names[$0] : numbers[$0] }
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(12).map { "'\($0)'" }.joined(separator: ", ")
    return names.count > 12 ? shown + " and \(names.count - 12) more" : shown
  }
}

/// Labels that are not the model's.
package struct ClassMismatch: ReportableError, Equatable {
  package let file: String?
  package let message: String
  package let hint: String?
  package var failureCode: FailureCode { .badData }

  init(_ file: String, _ message: String, hint: String) {
    (self.file, self.message, self.hint) = (file, message, hint)
  }
}
