/// What masks of a data set tell apart.
public struct MaskLabels: Sendable, Equatable {
  /// The classes of pixels.
  public let classes: MaskClasses
  /// The classes beside the background that the masks of a label hold together: what parts are stratified by.
  public let strata: [[Int]]

  /// Classes, and the sets of them that occur.
  package init(classes: MaskClasses, strata: [[Int]]) { (self.classes, self.strata) = (classes, strata) }
}

extension LabelledImages {
  /// Images whose mask holds each class of pixels; the background is not counted.
  package var imagesByMaskClass: [Int] {
    guard let masks else { return [] }
    var counts = [Int](repeating: 0, count: masks.classes.names.count)
    for sample in samples { for index in masks.strata[sample.label] { counts[index] += 1 } }
    return counts
  }

  /// The classes of images, or those beside the background of pixels, with how many images have them.
  package var namedCounts: [(name: String, count: Int)] {
    guard let masks else { return zip(classes, counts).map { ($0, $1) } }
    let counts = imagesByMaskClass
    return masks.classes.foreground.map { (masks.classes.names[$0], counts[$0]) }
  }

  /// Refuses a train part that lacks a class of pixels: nothing could be learnt about it.
  ///
  /// - Parameter source: the folder or file to name in the error.
  package func requireEveryMaskClass(source: String) throws(DatasetError) {
    guard let masks else { return }
    let counts = imagesByMaskClass
    let missing = masks.classes.foreground.filter { counts[$0] == 0 }.map { "'\(masks.classes.names[$0])'" }
    guard !missing.isEmpty else { return }
    throw .badFile(
      source,
      "no training mask holds \(missing.count == 1 ? "class" : "classes") \(missing.joined(separator: ", "))",
      hint: "add images with masks of it, or leave it out of --mask-classes")
  }
}
