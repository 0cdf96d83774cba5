extension Image {
  /// This image at another size, antialiased: the filter widens with the scale when shrinking.
  ///
  /// Separable. 8-bit images are computed in fixed point with 22 fractional bits and rounded to 8 bits after each
  /// pass, which gives the bytes of Pillow 13's `resize`; float images are summed in Float without rounding or
  /// clamping between.
  public func resized(width: Int, height: Int, by interpolation: Interpolation) -> Image {
    resized(width: width, height: height, by: interpolation, rows: 0..<height, columns: 0..<width)
  }

  /// A part of this image at another size: the bytes of resizing all of it and cutting the part out.
  ///
  /// Time and memory are those of the part and of the pixels that it is made from.
  ///
  /// - Parameters:
  ///   - rows: the part's rows, of `height`.
  ///   - columns: the part's columns, of `width`.
  package func resized(
    width: Int, height: Int, by interpolation: Interpolation, rows: Range<Int>, columns: Range<Int>
  ) -> Image {
    precondition(!rows.isEmpty && !columns.isEmpty, "an image has at least one pixel")
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= height && columns.lowerBound >= 0
        && columns.upperBound <= width, "the part lies within the resized image")
    if interpolation == .nearest {
      return picked(
        rows: Self.nearest(from: self.height, to: height, within: rows),
        columns: Self.nearest(from: self.width, to: width, within: columns))
    }
    let alongRows = ResamplingAxis(from: self.width, to: width, outputs: columns, by: interpolation)
    let alongColumns = ResamplingAxis(from: self.height, to: height, outputs: rows, by: interpolation)
    // Pillow takes the columns first where that pass saves more than twice as many rows as the other saves columns; the
    // rounding between the passes makes the order visible.
    let isColumnsFirst = height < self.height && self.height - height > 2 * (self.width - width)
    guard isColumnsFirst else {
      return resampledAlongRows(alongRows, rows: alongColumns.inputs).resampledAlongColumns(
        alongColumns, from: alongColumns.inputs.lowerBound)
    }
    return resampledAlongColumns(alongColumns, columns: alongRows.inputs).resampledAlongRows(
      alongRows, from: alongRows.inputs.lowerBound)
  }

  /// Resamples some of the rows; the image's first column is column `origin` of the axis.
  private func resampledAlongRows(_ axis: ResamplingAxis, rows: Range<Int>? = nil, from origin: Int = 0)
    -> Image
  {
    let rows = rows ?? 0..<height
    guard axis.changes else { return cut(rows: rows, columns: axis.outputs.shifted(by: -origin)) }
    switch samples {
    case .bytes(let bytes):
      let result = axis.alongRows(of: bytes, width: width, origin: origin, rows: rows, channels: channels)
      return Image(width: axis.outputs.count, height: rows.count, channels: channels, bytes: result)
    case .floats(let floats):
      let result = axis.alongRows(of: floats, width: width, origin: origin, rows: rows, channels: channels)
      return Image(width: axis.outputs.count, height: rows.count, channels: channels, floats: result)
    }
  }

  /// Resamples some of the columns; the image's first row is row `origin` of the axis.
  private func resampledAlongColumns(
    _ axis: ResamplingAxis, columns: Range<Int>? = nil, from origin: Int = 0
  )
    -> Image
  {
    let columns = columns ?? 0..<width
    guard axis.changes else { return cut(rows: axis.outputs.shifted(by: -origin), columns: columns) }
    let part = columns.lowerBound * channels..<columns.upperBound * channels
    switch samples {
    case .bytes(let bytes):
      let result = axis.alongColumns(of: bytes, rowLength: width * channels, origin: origin, part: part)
      return Image(width: columns.count, height: axis.outputs.count, channels: channels, bytes: result)
    case .floats(let floats):
      let result = axis.alongColumns(of: floats, rowLength: width * channels, origin: origin, part: part)
      return Image(width: columns.count, height: axis.outputs.count, channels: channels, floats: result)
    }
  }

  /// The pixels of some rows and columns.
  private func cut(rows: Range<Int>, columns: Range<Int>) -> Image {
    rows == 0..<height && columns == 0..<width
      ? self : picked(rows: Array(rows), columns: Array(columns))
  }

  /// The pixels at the crossings of these rows and columns.
  private func picked(rows: [Int], columns: [Int]) -> Image {
    switch samples {
    case .bytes(let bytes):
      let result = picked(bytes, rows, columns)
      return Image(width: columns.count, height: rows.count, channels: channels, bytes: result)
    case .floats(let floats):
      let result = picked(floats, rows, columns)
      return Image(width: columns.count, height: rows.count, channels: channels, floats: result)
    }
  }

  private func picked<Sample>(_ samples: [Sample], _ rows: [Int], _ columns: [Int]) -> [Sample] {
    var result: [Sample] = []
    result.reserveCapacity(rows.count * columns.count * channels)
    for row in rows {
      for column in columns {
        let pixel = (row * width + column) * channels
        for channel in 0..<channels { result.append(samples[pixel + channel]) }
      }
    }
    return result
  }

  /// The position before resizing of each of some positions after.
  private static func nearest(from source: Int, to target: Int, within range: Range<Int>) -> [Int] {
    let scale = Double(source) / Double(target)
    // Pillow adds the scale up from pixel to pixel, and its rounding decides where a middle falls on an edge. Beyond what
    // Pillow resizes the sum would only take time.
    guard range.upperBound <= 1 << 24 else {
      return range.map { min(Int((Double($0) + 0.5) * scale), source - 1) }
    }
    var position = 0.5 * scale
    for _ in 0..<range.lowerBound { position += scale }
    return range.map { _ in
      defer { position += scale }
      return min(Int(position), source - 1)
    }
  }
}

extension Range<Int> {
  fileprivate func shifted(by offset: Int) -> Range<Int> { lowerBound + offset..<upperBound + offset }
}
