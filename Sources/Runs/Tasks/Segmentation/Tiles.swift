package import Datasets
package import Tensors
import Training

/// How images larger than a network's input are cut into overlapping tiles of that size.
package struct Tiles: Sendable, Equatable {
  /// Share of a tile that the next one covers too.
  package let overlap: Double

  /// Tiles with an overlap from 0 to below 1.
  package init(overlap: Double) { self.overlap = overlap }

  /// Where tiles start along a side, the last one at its end.
  func starts(along extent: Int, tile: Int) -> [Int] {
    guard extent > tile else { return [0] }
    let step = max(Int((Double(tile) * (1 - overlap)).rounded()), 1)
    let last = extent - tile
    return Array(stride(from: 0, to: last, by: step)) + [last]
  }
}

extension ImageModel {
  /// The scores of samples, [1, C, H, W] each: at the size of the file where it is larger than the network's input and is cut into tiles,
  /// whose scores are averaged; else at the network's.
  ///
  /// - Parameters:
  ///   - tiles: nil prepares every image whole.
  ///   - report: called with the number of images done.
  ///   - isInterrupted: asked before each micro-batch.
  ///   - each: called with every sample and its scores.
  package func run(
    _ samples: [Sample], in tiles: Tiles?, report: (Int) -> Void = { _ in },
    isInterrupted: () -> Bool = { false }, each: (Sample, Tensor) throws -> Void
  ) throws {
    for (done, sample) in samples.enumerated() {
      let image = try ImageFile.read(sample)
      do { try each(sample, try scores(of: image, tiles, isInterrupted)) } catch let error as NonFiniteScores
      {
        throw NonFiniteScores(row: error.row, value: error.value, image: sample.name)
      }
      report(done + 1)
    }
  }

  private func scores(of image: Image, _ tiles: Tiles?, _ isInterrupted: () -> Bool) throws -> Tensor {
    let (width, height) = (preprocessing.outputWidth, preprocessing.outputHeight)
    guard let tiles, image.width > width || image.height > height else {
      return try output(of: try preprocessing.tensor(of: image), isInterrupted: isInterrupted)
    }
    let (tileWidth, tileHeight) = (min(width, image.width), min(height, image.height))
    var sums: [Float] = []
    var counts = [Float](repeating: 0, count: image.width * image.height)
    var classes = 0
    for top in tiles.starts(along: image.height, tile: tileHeight) {
      for left in tiles.starts(along: image.width, tile: tileWidth) {
        let tile = image.cut(left: left, top: top, width: tileWidth, height: tileHeight)
        let output = try output(of: try preprocessing.tensor(of: tile), isInterrupted: isInterrupted)
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
}
