import Graphs
import Tensors

/// A head in the file that gives every pixel scores of classes: logits [B, n, H, W] at the size of the images.
public struct PixelHead: Sendable, Hashable {
  /// The graph output with the scores.
  public let output: String
  /// Number of classes.
  public let classes: Int
  /// Its initializers that training may change.
  public let initializers: [String]

  /// The head behind the last maps of a network; nil where no output is at the size of its images.
  ///
  /// - Parameters:
  ///   - map: the last map behind the final normalisation; all that the output needs beside it is the head.
  ///   - image: the image input.
  init?(behind map: String, _ image: ImageInput?, in view: GraphView) {
    guard let image, let output = Self.outputs(at: image, in: view).first else { return nil }
    let needed = view.ancestors(of: map)
    let nodes = view.ancestors(of: output).filter { !needed.contains($0) }
    let weights = view.weights(of: nodes)
    guard !weights.isEmpty else { return nil }
    self.output = output
    classes = view.extents(output)[1]
    initializers = weights.map(\.name)
  }

  /// Outputs [B, n, H, W] of floating-point numbers with the extents of the images.
  static func outputs(at image: ImageInput, in view: GraphView) -> [String] {
    view.outputs.filter { value in
      let extents = view.extents(value)
      return extents.count == 4 && extents[1] > 1 && extents[2] == image.height && extents[3] == image.width
        && view.elementType(value)?.isFloatingPoint ?? false
    }
  }
}
