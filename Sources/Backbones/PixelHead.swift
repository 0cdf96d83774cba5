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

  /// The heads behind the last maps of a network: one where there is no doubt, none where no output is at the size of its images.
  ///
  /// Of several outputs of the same weights, such as logits and their probabilities, the logits are the head's; an output that another
  /// head makes on its way is none.
  ///
  /// - Parameters:
  ///   - map: the last map behind the final normalisation; all that an output needs beside it is its head.
  ///   - image: the image input.
  static func all(behind map: String, _ image: ImageInput?, in view: GraphView) -> [PixelHead] {
    guard let image else { return [] }
    let needed = Set(view.ancestors(of: map))
    let found = outputs(at: image, in: view).compactMap { output -> Candidate? in
      let nodes = view.ancestors(of: output).filter { !needed.contains($0) }
      let weights = view.weights(of: nodes)
      guard !weights.isEmpty else { return nil }
      let head = PixelHead(
        output: output, classes: view.extents(output)[1], initializers: weights.map(\.name))
      return Candidate(
        head: head, weights: Set(head.initializers),
        deliversLogits: ScoreOutput(output, in: view).logits == output)
    }
    return found.enumerated().filter { position, own in
      !found.enumerated().contains { other, rival in
        guard own.weights == rival.weights else { return own.weights.isStrictSubset(of: rival.weights) }
        return rival.deliversLogits == own.deliversLogits ? other < position : rival.deliversLogits
      }
    }.map(\.element.head)
  }

  /// An output that may be a head's scores.
  private struct Candidate {
    let head: PixelHead
    let weights: Set<String>
    let deliversLogits: Bool
  }

  /// Outputs [B, n, H, W] of floating-point numbers with the extents of the images; the one that the model's metadata name goes first.
  static func outputs(at image: ImageInput, in view: GraphView) -> [String] {
    let found = view.outputs.filter { value in
      let extents = view.extents(value)
      return extents.count == 4 && extents[1] > 1 && extents[2] == image.height && extents[3] == image.width
        && view.elementType(value)?.isFloatingPoint ?? false
    }
    let named = view.model.namedScoreOutput
    return found.filter { $0 == named } + found.filter { $0 != named }
  }
}
