/// Which axis of a volume runs to the patient's right, front and head, and whether it runs there or back.
package struct VolumeOrientation: Sendable, Equatable {
  /// For right, front and head: the axis of the volume that runs that way.
  package let axes: [Int]
  /// For right, front and head: whether the axis runs the other way.
  package let isReversed: [Bool]

  /// The orientation nearest to a matrix from voxels to right, front and head.
  ///
  /// Axes are taken from the rotation within the matrix (its polar decomposition), the clearest one first.
  init(_ matrix: [[Double]]) {
    let rotation = Self.rotation(within: matrix)
    var axes = [0, 1, 2]
    var isReversed = [false, false, false]
    var (directions, columns) = (Set(0..<3), Set(0..<3))
    while !directions.isEmpty {
      var (direction, column, clearest) = (0, 0, -1.0)
      for row in directions.sorted() {
        for axis in columns.sorted() where abs(rotation[row][axis]) > clearest {
          (direction, column, clearest) = (row, axis, abs(rotation[row][axis]))
        }
      }
      axes[direction] = column
      isReversed[direction] = rotation[direction][column] < 0
      directions.remove(direction)
      columns.remove(column)
    }
    (self.axes, self.isReversed) = (axes, isReversed)
  }

  /// The names of the directions of the volume's axes, as in `LAS`.
  package var name: String {
    let letters = [["R", "L"], ["A", "P"], ["S", "I"]]
    return (0..<3).map { axis in
      let direction = axes.firstIndex(of: axis) ?? axis
      return letters[direction][isReversed[direction] ? 1 : 0]
    }.joined()
  }

  /// The orthogonal matrix nearest to one with columns of length 1, by Newton's iteration X ← (X + X⁻ᵀ) / 2 (Higham 1986).
  private static func rotation(within matrix: [[Double]]) -> [[Double]] {
    let lengths = (0..<3).map { column in
      (0..<3).map { matrix[$0][column] * matrix[$0][column] }.reduce(0, +).squareRoot()
    }
    let start: [[Double]] = matrix.map { row in
      (0..<3).map { column in
        let (value, length) = (row[column], lengths[column])
        return length > 0 && value.isFinite ? value / length : 0
      }
    }
    var current = start
    for _ in 0..<50 {
      guard let inverse = inverseTransposed(current) else { return start }
      var next = current
      var change = 0.0
      for row in 0..<3 {
        for column in 0..<3 {
          next[row][column] = (current[row][column] + inverse[row][column]) / 2
          change = max(change, abs(next[row][column] - current[row][column]))
        }
      }
      current = next
      if change < 1e-12 { break }
    }
    return current
  }

  /// The inverse of the transposed matrix; nil where there is none.
  private static func inverseTransposed(_ m: [[Double]]) -> [[Double]]? {
    func cofactor(_ row: Int, _ column: Int) -> Double {
      let (r1, r2, c1, c2) = ((row + 1) % 3, (row + 2) % 3, (column + 1) % 3, (column + 2) % 3)
      return m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
    }
    let determinant = (0..<3).reduce(0) { $0 + m[0][$1] * cofactor(0, $1) }
    guard abs(determinant) > 1e-9 else { return nil }
    return (0..<3).map { row in (0..<3).map { cofactor(row, $0) / determinant } }
  }
}

/// Where the pixels of a volume's slices lie among its voxels.
package struct SliceGeometry: Sendable, Equatable {
  /// Columns of a slice.
  package let width: Int
  /// Rows of a slice.
  package let height: Int
  /// Slices.
  package let count: Int
  /// Distance of rows and columns in mm.
  package let spacing: PixelSpacing?
  private let start: Int
  private let steps: (row: Int, column: Int, slice: Int)

  /// Slices of a volume: rows from the front or the head, columns from the right or, of sagittal ones, the front.
  package init(_ header: NIfTIHeader, along axis: ImageReading.Axis) {
    let (right, front, head) = (0, 1, 2)
    let (row, column, slice) =
      switch axis {
      case .axial: (front, right, head)
      case .coronal: (head, right, front)
      case .sagittal: (head, front, right)
      }
    let orientation = header.orientation
    let strides = [1, header.extents[0], header.extents[0] * header.extents[1]]
    func extent(_ direction: Int) -> Int { header.extents[orientation.axes[direction]] }
    var start = 0
    /// The step towards a direction, or away from it.
    func step(_ direction: Int, isForward: Bool) -> Int {
      let stride = strides[orientation.axes[direction]]
      guard orientation.isReversed[direction] == isForward else { return stride }
      start += stride * (extent(direction) - 1)
      return -stride
    }
    steps = (
      row: step(row, isForward: false), column: step(column, isForward: false),
      slice: step(slice, isForward: true)
    )
    self.start = start
    (width, height, count) = (extent(column), extent(row), extent(slice))
    func distance(_ direction: Int) -> Double { header.spacing[orientation.axes[direction]] }
    spacing = PixelSpacing(rows: distance(row), columns: distance(column))
  }

  /// The voxel of a pixel.
  package func voxel(slice: Int, row: Int, column: Int) -> Int {
    start + slice * steps.slice + row * steps.row + column * steps.column
  }

  /// What is made of the voxels of a slice, row by row.
  func pixels<Pixel>(ofSlice slice: Int, _ pixel: (Int) throws(CodecError) -> Pixel) throws(CodecError)
    -> [Pixel]
  {
    var pixels: [Pixel] = []
    pixels.reserveCapacity(width * height)
    for row in 0..<height {
      for column in 0..<width { pixels.append(try pixel(voxel(slice: slice, row: row, column: column))) }
    }
    return pixels
  }

  package static func == (left: SliceGeometry, right: SliceGeometry) -> Bool {
    (left.width, left.height, left.count, left.start) == (right.width, right.height, right.count, right.start)
      && left.steps == right.steps
  }
}

extension NIfTIHeader {
  /// How many slices a volume has.
  package func sliceCount(along axis: ImageReading.Axis) -> Int { SliceGeometry(self, along: axis).count }
}
