import Datasets
import Tensors
import Training

/// What lies in front of the first trainable node, computed once per image without augmentation.
struct ImageFeatures {
  /// Per value at the cut: [n, …], a row per image.
  let values: [Tensor]
  /// The images, in the order of the rows.
  let samples: [Sample]

  /// Some of the images.
  func selecting(_ positions: [Int]) throws -> ImageFeatures {
    ImageFeatures(
      values: try values.map { value in
        try Tensor(joiningRows: positions.map { value.rows($0..<$0 + 1) })
      }, samples: positions.map { samples[$0] })
  }

  /// Values at the cut for every image, in parts of a batch each.
  static func parts(
    of images: LabelledImages, _ material: TrainingLoop.Material, title: String, _ emit: (RunEvent) -> Void,
    _ isInterrupted: () -> Bool
  ) throws -> [[Tensor]] {
    var parts: [[Tensor]] = []
    try compute(for: images, material, title: title, emit, isInterrupted) { features, _ in
      // Without a cut these are the images in the loader's memory, which it would use again.
      parts.append(try features.map { try $0.copied() })
    }
    return parts
  }

  /// Values at the cut for every image, written where they stay.
  init(
    of images: LabelledImages, _ material: TrainingLoop.Material, title: String, _ emit: (RunEvent) -> Void,
    _ isInterrupted: () -> Bool
  ) throws {
    var values: [Tensor] = []
    try Self.compute(for: images, material, title: title, emit, isInterrupted) { features, rows in
      if values.isEmpty {
        values = try features.map { part in
          try Tensor(
            zeros: Shape([images.samples.count] + part.shape.extents.dropFirst()), of: part.elementType)
        }
      }
      for (value, part) in zip(values, features) {
        TensorView(value.rows(rows)).copyBytes(from: TensorView(part))
      }
    }
    self.init(values: values, samples: images.samples)
  }

  /// Computes values at the cut batch by batch; `take` gets them with the rows that they are.
  private static func compute(
    for images: LabelledImages, _ material: TrainingLoop.Material, title: String, _ emit: (RunEvent) -> Void,
    _ isInterrupted: () -> Bool, take: ([Tensor], Range<Int>) throws -> Void
  ) throws {
    var options = BatchLoader.Options()
    options.batchSize = max(material.trainer.microBatch, 8)
    options.isShuffled = false
    options.threads = material.threads
    let loader = BatchLoader(images.samples, preprocessing: material.preprocessing, options: options)
    loader.start(epoch: 0)
    emit(.begin(title: title, total: images.samples.count))
    defer { emit(.end) }
    var done = 0
    while let batch = try RunInterrupted.translating({ try loader.next(isInterrupted: isInterrupted) }) {
      let features = try RunInterrupted.translating {
        try material.trainer.features(of: batch.images, isInterrupted: isInterrupted)
      }
      try take(features, done..<done + batch.labels.count)
      done += batch.labels.count
      emit(.advance(done: done, figures: []))
    }
  }

  /// Parts put together.
  init(joining parts: [[Tensor]], samples: [Sample]) throws {
    let values = try (parts.first ?? []).indices.map { index in
      try Tensor(joiningRows: parts.map { $0[index] })
    }
    self.init(values: values, samples: samples)
  }

  init(values: [Tensor], samples: [Sample]) { (self.values, self.samples) = (values, samples) }
}
