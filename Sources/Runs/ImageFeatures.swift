import Datasets
import Tensors
import Training

/// What lies in front of the first trainable node, computed once per image without augmentation.
struct ImageFeatures {
  /// Per value at the cut: [n, …], a row per image.
  let values: [Tensor]
  /// What the objective compares with, [n, …].
  let targets: Tensor
  /// The images, in the order of the rows.
  let samples: [Sample]

  /// Some of the images.
  func selecting(_ positions: [Int]) throws -> ImageFeatures {
    func rows(_ value: Tensor) throws -> Tensor {
      try Tensor(joiningRows: positions.map { value.rows($0..<$0 + 1) })
    }
    return ImageFeatures(
      values: try values.map(rows), targets: try rows(targets), samples: positions.map { samples[$0] })
  }

  /// Values at the cut for every image, in parts of a batch each.
  static func parts(
    of images: LabelledImages, _ material: TrainingLoop.Material, title: String?, _ emit: (RunEvent) -> Void,
    _ isInterrupted: () -> Bool
  ) throws -> [ImageFeatures] {
    var parts: [ImageFeatures] = []
    try compute(for: images, material, title: title, emit, isInterrupted) { part, _ in
      // Without a cut these are the images in the loader's memory, which it would use again.
      parts.append(
        ImageFeatures(
          values: try part.values.map { try $0.copied() }, targets: part.targets, samples: part.samples))
    }
    return parts
  }

  /// Values at the cut for every image, written where they stay.
  init(
    of images: LabelledImages, _ material: TrainingLoop.Material, title: String, _ emit: (RunEvent) -> Void,
    _ isInterrupted: () -> Bool
  ) throws {
    var all: [Tensor] = []
    try Self.compute(for: images, material, title: title, emit, isInterrupted) { part, rows in
      let found = part.values + [part.targets]
      if all.isEmpty {
        all = try found.map { value in
          try Tensor(
            zeros: Shape([images.samples.count] + value.shape.extents.dropFirst()), of: value.elementType)
        }
      }
      for (value, part) in zip(all, found) {
        TensorView(value.rows(rows)).copyBytes(from: TensorView(part))
      }
    }
    self.init(values: Array(all.dropLast()), targets: all[all.count - 1], samples: images.samples)
  }

  /// Computes values at the cut batch by batch; `take` gets them with the rows that they are.
  ///
  /// - Parameter title: what it is called while it goes on; nil for what is too short to be told.
  private static func compute(
    for images: LabelledImages, _ material: TrainingLoop.Material, title: String?, _ emit: (RunEvent) -> Void,
    _ isInterrupted: () -> Bool, take: (ImageFeatures, Range<Int>) throws -> Void
  ) throws {
    var options = BatchLoader.Options()
    options.batchSize = max(material.trainer.microBatch, 8)
    options.isShuffled = false
    options.threads = material.threads
    let loader = BatchLoader(
      images.samples, preprocessing: material.measuring, targets: material.task.targets(of: images),
      options: options)
    loader.start(epoch: 0)
    if let title { emit(.begin(title: title, total: images.samples.count)) }
    defer { if title != nil { emit(.end) } }
    var done = 0
    while let batch = try RunInterrupted.translating({ try loader.next(isInterrupted: isInterrupted) }),
      let targets = batch.targets
    {
      let values = try RunInterrupted.translating {
        try material.trainer.features(of: batch.images, isInterrupted: isInterrupted)
      }
      let part = ImageFeatures(values: values, targets: targets, samples: batch.samples)
      try take(part, done..<done + batch.samples.count)
      done += batch.samples.count
      if title != nil { emit(.advance(done: done, figures: [])) }
    }
  }

  /// Parts put together, at least one.
  init(joining parts: [ImageFeatures]) throws {
    self.init(
      values: try parts[0].values.indices.map { index in
        try Tensor(joiningRows: parts.map { $0.values[index] })
      }, targets: try Tensor(joiningRows: parts.map(\.targets)), samples: parts.flatMap(\.samples))
  }

  private init(values: [Tensor], targets: Tensor, samples: [Sample]) {
    (self.values, self.targets, self.samples) = (values, targets, samples)
  }
}
