import Backbones
import Graphs
import Operators
package import TensorFiles

/// The extents of a model's image input that its file leaves open, as they are bound on the copy that is computed with.
package struct BoundExtents: Sendable, Equatable {
  /// Who says how large images are; where the file fixes that, how many channels they have.
  package enum Source: Sendable, Equatable {
    /// The option.
    case option
    /// The other side of the image, which the file fixes.
    case otherSide
    /// The model's metadata, or a file beside the model: its name.
    case stated(String)
    /// The position embedding, whose square grid stands for patches.
    case positionEmbedding
    /// The first convolution, of channels.
    case firstConvolution
    /// Images as they are prepared, which have three channels.
    case preparedImages
  }

  /// Rows of pixels; nil where the file fixes them.
  package let height: Int?
  /// Columns of pixels; nil where the file fixes them.
  package let width: Int?
  /// Channels; nil where the file fixes them.
  package let channels: Int?
  /// Where they come from.
  package let source: Source

  /// Height and width in words; nil where the file fixes both.
  package var size: String? { (height ?? width).map { "\($0)×\($0)" } }

  /// Where the extents come from, in words.
  package var sourceText: String {
    switch source {
    case .option: "--image-size"
    case .otherSide: "the side that the file fixes"
    case .stated(let name): name
    case .positionEmbedding: "the position embedding"
    case .firstConvolution: "the first convolution"
    case .preparedImages: "prepared images"
    }
  }

  /// The extents and where they come from, in words.
  package var text: String {
    var parts = [("height", height), ("width", width)].compactMap { name, extent in
      extent.map { "\(name) \($0)" }
    }
    if !parts.isEmpty { parts[parts.count - 1] += " (\(sourceText))" }
    if let channels { parts.append("channels \(channels)" + (parts.isEmpty ? " (\(sourceText))" : "")) }
    return parts.joined(separator: ", ")
  }

  /// One line that says it of a model.
  package var note: String { "the file leaves its images open; bound: \(text)" }

  /// The object that CLI.md calls `bound`.
  package var json: JSONValue {
    [
      "height": JSONValue(height), "width": JSONValue(width), "channels": JSONValue(channels),
      "source": .string(sourceText),
    ]
  }
}

extension ModelFile {
  /// The model with the open extents of its image input bound, all but the batch.
  ///
  /// The size is the given one, else what the model's metadata or a file beside it say, else what the position embedding
  /// counts; channels are those of the first convolution. Models of other inputs, and those that fix their images, stay.
  ///
  /// - Parameter given: the side that the user says; nil keeps what has been bound before.
  /// - Throws: where the file leaves the size open and nothing says it, or fixes another one.
  package func bound(imageSide given: Int?) throws -> ModelFile {
    guard given != nil || bound == nil else { return self }
    let input = declared.graph.requiredInputs.first
    let open = Set(input.map { declared.openAxes(of: $0.name) } ?? []).subtracting([0])
    guard !open.isEmpty, let input, case .tensor(_, let dimensions?)? = input.type?.kind,
      dimensions.count == 4
    else {
      if given != nil { _ = try imageSide(given: given) }
      return self
    }
    let evidence = ImageEvidence(((try? declared.inliningFunctions()) ?? declared).graph, input: input.name)
    let fixed = [2, 3].compactMap { axis -> Int? in
      if case .value(let extent) = dimensions[axis].extent { Int(exactly: extent) } else { nil }
    }
    var size: (side: Int, source: BoundExtents.Source)?
    if fixed.count < 2 {
      size = given.map { ($0, .option) } ?? fixed.first.map { ($0, .otherSide) } ?? foundSize(evidence)
      guard let side = size?.side else { throw InputError.openSize(input.name) }
      if let patch = evidence.patch, side % patch != 0 {
        throw InputError(
          message:
            "input '\(input.name)': images of \(side) pixels can't be cut into patches of \(patch), the last "
            + "\(side % patch) of each row would not be seen", tensor: input.name,
          hint: "say a multiple of \(patch) with --image-size")
      }
    }
    let channels = evidence.channels ?? 3
    let source = evidence.channels == nil ? BoundExtents.Source.preparedImages : .firstConvolution
    let bound = BoundExtents(
      height: open.contains(2) ? size?.side : nil, width: open.contains(3) ? size?.side : nil,
      channels: open.contains(1) ? channels : nil, source: size?.source ?? source)
    var extents = [1: channels]
    if let side = size?.side { (extents[2], extents[3]) = (side, side) }
    let result = ModelFile(self, binding: bound, declared.binding(extents, of: input.name))
    if given != nil { _ = try result.imageSide(given: given) }
    return result
  }

  /// The model bound so that it takes the images of another one, where it leaves their size open.
  func bound(for other: ModelFile) throws -> ModelFile {
    guard let input = declared.graph.requiredInputs.first,
      !Set(declared.openAxes(of: input.name)).isDisjoint(with: [2, 3])
    else { return try bound(imageSide: nil) }
    return try bound(imageSide: try? other.imageSide(given: nil))
  }

  /// The size that the model's metadata, a file beside it or its position embedding tell.
  private func foundSize(_ evidence: ImageEvidence) -> (side: Int, source: BoundExtents.Source)? {
    if let stated = PreprocessingChoice.statedSide(metadata: declared.metadata, path: path) {
      return (stated.side, .stated(stated.source))
    }
    guard let side = evidence.side, PreprocessingChoice.sides.contains(side) else { return nil }
    return (side, .positionEmbedding)
  }
}
