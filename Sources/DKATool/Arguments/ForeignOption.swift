/// Options as other tools call them, for those who come from there.
enum ForeignOption {
  /// What to use in its place: `; it is called --batch here`, or the empty string.
  ///
  /// - Parameters:
  ///   - word: the option as it was written.
  ///   - forms: what the verb has.
  static func text(for word: String, among forms: [ArgumentForm]) -> String {
    let key = String(word.lowercased().drop { $0 == "-" }.map { $0 == "_" ? "-" : $0 })
    if key == "model", let model = forms.first(where: { $0.kind == .positional }) {
      return "; \(model.name) stands without an option, right behind the verb"
    }
    if ["device", "gpu", "cuda", "gpus"].contains(key) {
      return "; everything is computed on the processor, --threads says with how many threads"
    }
    let names = names[key, default: []].map { "--" + $0 }
    let known = names.filter { name in forms.contains { $0.spelling == name } }
    return known.isEmpty ? "" : "; it is called \(known.joined(separator: " and ")) here"
  }

  private static let names: [String: [String]] = [
    "batch-size": ["batch"], "bs": ["batch"], "train-batch-size": ["batch"],
    "learning-rate": ["lr-adapter", "lr-head"], "lr": ["lr-adapter", "lr-head"],
    "num-epochs": ["epochs"], "num-train-epochs": ["epochs"], "max-epochs": ["epochs"],
    "workers": ["threads"], "num-workers": ["threads"], "jobs": ["threads"],
    "img-size": ["image-size"], "imgsz": ["image-size"], "input-size": ["image-size"], "size": ["image-size"],
    "random-state": ["seed"], "random-seed": ["seed"],
    "output-dir": ["output"], "out": ["output"], "save-dir": ["output"], "output-folder": ["output"],
    "data-dir": ["data"], "dataset": ["data"], "train-dir": ["data"], "images": ["data"],
    "val-split": ["validation-share"], "validation-split": ["validation-share"],
    "val-fraction": ["validation-share"],
    "k-fold": ["cross-validation"], "kfold": ["cross-validation"], "cv": ["cross-validation"],
    "n-folds": ["cross-validation"], "num-folds": ["cross-validation"], "k": ["cross-validation"],
    "rank": ["dim"], "bottleneck": ["dim"], "r": ["dim"], "wd": ["weight-decay"], "opt": ["optimizer"],
    "scheduler": ["schedule"], "lr-scheduler": ["schedule"], "augmentation": ["augment"], "aug": ["augment"],
    "split": ["part"], "iterations": ["runs"], "repeat": ["runs"], "dtype": ["precision"],
    "fp16": ["precision"],
    "rtol": ["tolerance"], "atol": ["tolerance"], "overwrite": ["force"], "yes": ["force"],
  ]
}
