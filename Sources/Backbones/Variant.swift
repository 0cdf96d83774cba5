/// The words for a vision transformer: whose implementation the structure resembles, and what is special.
struct Variant {
  let description: String

  init(branches: [Branch], prefix: Int, head: ClassifierHead?, view: GraphView) {
    let attention = branches.first { $0.mixer != nil }
    let maker =
      switch (attention?.entries.count ?? 0, attention?.movesBatch ?? false) {
      case (1, true): "torchvision ViT"
      case (1, false): "timm ViT"
      case (3, _): "Hugging Face ViT or EVA-02"
      default: "ViT"
      }
    var parts = [maker]
    switch (prefix, head?.kind) {
    case (0, _): parts.append("no class token")
    case (1, _): parts.append("class token")
    case (2, _): parts.append("class and distillation tokens")
    default: parts.append("class token and \(prefix - 1) register tokens")
    }
    if branches.contains(where: \.isScaled) { parts.append("LayerScale") }
    switch head?.kind {
    case .mean: parts.append("average pooling")
    case .classTokenAndMean: parts.append("classifier on class token and patch mean")
    case .distilled: parts.append("two classifiers averaged")
    case nil: parts.append("no classifier")
    case .classToken, .vector: break
    }
    description = parts.joined(separator: ", ")
  }
}
