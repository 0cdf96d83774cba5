package import Datasets
package import Tensors
import Training

/// How images larger than a network's input are cut into overlapping tiles of that size.
public struct Tiles: Sendable, Equatable {
  /// Share of a tile that the next one covers too.
  public let overlap: Double

  /// Tiles with an overlap from 0 to below 1.
  public init(overlap: Double) {
    precondition((0..<1).contains(overlap), "an overlap of \(overlap), expected 0 to below 1")
    self.overlap = overlap
  }

  /// Where tiles start along a side, the last one at its end.
  func starts(along extent: Int, tile: Int) -> [Int] {
    guard extent > tile else { return [0] }
    let step = max(Int((Double(tile) * (1 - overlap)).rounded()), 1)
    let last = extent - tile
    return Array(stride(from: 0, to: last, by: step)) + [last]
  }

  /// The scores of an image, [1, C, H, W]: at its own size where it is larger than the network's input and is cut into tiles, whose scores
  /// are averaged; else at the network's.
  ///
  /// - Parameters:
  ///   - preprocessing: how images of any size are brought to the network's.
  ///   - output: the network's scores for prepared images [1, channels, h, w].
  func scores(of image: Image, _ preprocessing: Preprocessing, output: (Tensor) throws -> Tensor) throws
    -> Tensor
  {
    let (width, height) = (preprocessing.outputWidth, preprocessing.outputHeight)
    guard image.width > width || image.height > height else {
      return try output(try preprocessing.tensor(of: image))
    }
    let (tileWidth, tileHeight) = (min(width, image.width), min(height, image.height))
    var sums: [Float] = []
    var counts = [Float](repeating: 0, count: image.width * image.height)
    var classes = 0
    for top in starts(along: image.height, tile: tileHeight) {
      for left in starts(along: image.width, tile: tileWidth) {
        let tile = image.cut(left: left, top: top, width: tileWidth, height: tileHeight)
        let output = try output(try preprocessing.tensor(of: tile))
        classes = output.shape[1]
        if sums.isEmpty { sums = [Float](repeating: 0, count: classes * counts.count) }
        ResizedScores(output).forEachRow(width: tileWidth, height: tileHeight) { row, values in
          for column in 0..<tileWidth {
            let pixel = (top + row) * image.width + left + column
            counts[pixel] += 1
            for index in 0..<classes { sums[index * counts.count + pixel] += values.score(index, column) }
          }
        }
      }
    }
    for index in 0..<classes {
      for pixel in counts.indices { sums[index * counts.count + pixel] /= counts[pixel] }
    }
    return try Tensor(sums, shape: Shape([1, classes, image.height, image.width]))
  }

  /// The scores of samples, each as `scores(of:_:output:)` gives them.
  ///
  /// - Parameters:
  ///   - report: called with the number of images done.
  ///   - each: called with every sample and its scores.
  func scores(
    of samples: [Sample], _ preprocessing: Preprocessing, output: (Tensor) throws -> Tensor,
    report: (Int) -> Void = { _ in }, each: (Sample, Tensor) throws -> Void
  ) throws {
    for (done, sample) in samples.enumerated() {
      let image = try ImageFile.read(sample)
      do { try each(sample, try scores(of: image, preprocessing, output: output)) } catch let error
        as NonFiniteScores
      {
        throw NonFiniteScores(row: error.row, value: error.value, image: sample.name)
      }
      report(done + 1)
    }
  }
}

extension ImageModel {
  /// The scores of samples, [1, C, H, W] each.
  ///
  /// - Parameters:
  ///   - tiles: how larger images are cut; nil prepares them whole.
  ///   - report: called with the number of images done.
  ///   - isInterrupted: asked before each micro-batch.
  ///   - each: called with every sample and its scores.
  package func run(
    _ samples: [Sample], in tiles: Tiles?, report: (Int) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }, each: (Sample, Tensor) throws -> Void
  ) throws {
    if let tiles {
      try tiles.scores(
        of: samples, preprocessing, output: { try output(of: $0, isInterrupted: isInterrupted) },
        report: report, each: each)
      return
    }
    try run(samples, report: report, isInterrupted: isInterrupted) { batch, output in
      for (row, sample) in batch.samples.enumerated() {
        do { try each(sample, output.rows(row..<row + 1)) } catch let error as NonFiniteScores {
          throw NonFiniteScores(row: row, value: error.value)
        }
      }
    }
  }
}
