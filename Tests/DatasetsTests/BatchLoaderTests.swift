import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

/// 23 small images in two classes, on disk while the folder lives.
private func smallSet() throws -> (folder: TemporaryFolder, images: LabelledImages) {
  let folder = try TemporaryFolder()
  for number in 0..<23 {
    let bytes = (0..<12 * 12).map { UInt8(truncatingIfNeeded: $0 * 7 + number * 31) }
    let image = Image(width: 12, height: 12, channels: 1, bytes: bytes)
    try folder.write(PNGCoder.encode(image), to: "\(number % 2 == 0 ? "a" : "b")/\(100 + number).png")
  }
  return (folder, try ImageFolder.read(folder.path))
}

private func options(threads: Int = 1, cache: ImageCache? = nil) -> BatchLoader.Options {
  var options = BatchLoader.Options()
  options.batchSize = 5
  options.augmentation = .standard
  options.threads = threads
  options.cache = cache
  return options
}

private func allBatches(_ loader: BatchLoader, epoch: Int) throws -> [(
  values: [Float], labels: [Int], indices: [Int]
)] {
  var result: [(values: [Float], labels: [Int], indices: [Int])] = []
  loader.start(epoch: epoch)
  while let batch = try loader.next() {
    let labels = try #require(batch.targets?.integers)
    result.append((batch.images.elements(of: Float.self), labels, batch.samples.map(\.index)))
  }
  return result
}

@Suite struct BatchLoaderTests {
  private let preprocessing: Preprocessing

  init() throws { preprocessing = try Preprocessing(resize: .exact(width: 10, height: 10), crop: 8) }

  @Test func `every image comes once an epoch, the last batch is smaller`() throws {
    let (folder, images) = try smallSet()
    let loader = BatchLoader(
      images.samples, preprocessing: preprocessing, targets: ClassTargets(), options: options())
    let batches = try allBatches(loader, epoch: 0)
    #expect(batches.map(\.indices.count) == [5, 5, 5, 5, 3] && loader.batchCount == 5)
    let indices = batches.flatMap(\.indices)
    #expect(indices.sorted() == Array(0..<23) && indices != Array(0..<23))
    for batch in batches { #expect(batch.labels == batch.indices.map { images.samples[$0].label }) }
    withExtendedLifetime(folder) {}
  }

  @Test func `the same bits come out for any number of threads, look-ahead and cache`() throws {
    let (folder, images) = try smallSet()
    let expected = try (0..<2).map {
      try allBatches(
        BatchLoader(
          images.samples, preprocessing: preprocessing, targets: ClassTargets(), options: options()),
        epoch: $0)
    }
    #expect(expected[0].map(\.values) != expected[1].map(\.values))
    for threads in [2, 7] {
      for cache in [nil, ImageCache(byteLimit: 1 << 20), ImageCache(byteLimit: 1000)] {
        var options = options(threads: threads, cache: cache)
        options.lookAhead = threads
        let loader = BatchLoader(
          images.samples, preprocessing: preprocessing, targets: ClassTargets(), options: options)
        for epoch in [0, 1, 0] {
          let batches = try allBatches(loader, epoch: epoch)
          #expect(batches.map(\.values) == expected[epoch].map(\.values))
          #expect(batches.map(\.indices) == expected[epoch].map(\.indices))
        }
      }
    }
    withExtendedLifetime(folder) {}
  }

  @Test func `an image's augmentation does not depend on the other images`() throws {
    let (folder, images) = try smallSet()
    func values(_ samples: [Sample]) throws -> [Float]? {
      let loader = BatchLoader(
        samples, preprocessing: preprocessing, targets: ClassTargets(), options: options())
      for batch in try allBatches(loader, epoch: 3) {
        guard let position = batch.indices.firstIndex(of: 11) else { continue }
        let size = 3 * 8 * 8
        return Array(batch.values[position * size..<(position + 1) * size])
      }
      return nil
    }
    #expect(try values(images.samples) == values([images.samples[11]]))
    withExtendedLifetime(folder) {}
  }

  @Test func `an epoch can begin at a later batch`() throws {
    let (folder, images) = try smallSet()
    let loader = BatchLoader(
      images.samples, preprocessing: preprocessing, targets: ClassTargets(), options: options())
    let all = try allBatches(loader, epoch: 1).map(\.indices)
    loader.start(epoch: 1, atBatch: 3)
    var rest: [[Int]] = []
    while let batch = try loader.next() { rest.append(batch.samples.map(\.index)) }
    #expect(rest == Array(all[3...]))
    withExtendedLifetime(folder) {}
  }

  @Test func `stopping early, restarting and dropping a loader do not hang`() throws {
    let (folder, images) = try smallSet()
    for round in 0..<50 {
      let loader = BatchLoader(
        images.samples, preprocessing: preprocessing, targets: ClassTargets(), options: options(threads: 3))
      loader.start(epoch: round)
      _ = try loader.next()
      loader.start(epoch: round + 1)
      _ = try loader.next()
      loader.cancel()
      #expect(try loader.next() == nil)
      loader.start(epoch: 0)
    }
    withExtendedLifetime(folder) {}
  }

  @Test func `an image that cannot be read is an error and ends the epoch`() throws {
    let (folder, images) = try smallSet()
    try folder.write("broken", to: "a/110.png")
    let loader = BatchLoader(
      images.samples, preprocessing: preprocessing, targets: ClassTargets(), options: options(threads: 2))
    loader.start(epoch: 0)
    let error = try #require(throws: DatasetError.self) { while try loader.next() != nil {} }
    #expect(error.message.contains("110.png") && error.failureCode == .badData)
    #expect(try loader.next() == nil)
  }

  @Test func `waiting for a batch is interrupted, and the epoch is over`() throws {
    let (_, images) = try smallSet()
    let loader = BatchLoader(
      images.samples, preprocessing: preprocessing, targets: ClassTargets(), options: options(threads: 2))
    loader.start(epoch: 0)
    let error = try #require(throws: DatasetError.self) { try loader.next(isInterrupted: { true }) }
    #expect(error.failureCode == .interrupted)
    #expect(try loader.next() == nil)
  }

  @Test func `an empty list has no batches`() throws {
    let loader = BatchLoader([], preprocessing: preprocessing, targets: ClassTargets(), options: options())
    loader.start(epoch: 0)
    #expect(try loader.next() == nil && loader.batchCount == 0)
  }

  @Test func `the cache stays within its limit and saves decoding`() throws {
    let (folder, images) = try smallSet()
    let cache = ImageCache(byteLimit: 1050)
    let loader = BatchLoader(
      images.samples, preprocessing: preprocessing, targets: ClassTargets(), options: options(cache: cache))
    _ = try allBatches(loader, epoch: 0)
    #expect(cache.imageCount == 10 && cache.byteCount == 1000)
    let whole = ImageCache(byteLimit: 1 << 20)
    let cached = BatchLoader(
      images.samples, preprocessing: preprocessing, targets: ClassTargets(), options: options(cache: whole))
    let before = try allBatches(cached, epoch: 0).map(\.values)
    try FileManager.default.removeItem(atPath: folder.path + "/a")
    #expect(try allBatches(cached, epoch: 0).map(\.values) == before)
  }
}
