import Foundation
import Kernels
import Testing

/// Attention in Double by its definition, one (image, head) with contiguous operands.
private func exactAttention(
  q: [Double], k: [Double], v: [Double], mask: [Double]?, scale: Double, queries: Int, keys: Int, size: Int,
  valueSize: Int
) -> [Double] {
  (0..<queries).flatMap { i in
    var scores = (0..<keys).map { j in
      (0..<size).reduce(0.0) { $0 + q[i * size + $1] * k[j * size + $1] } * scale + (mask?[i * keys + j] ?? 0)
    }
    let largest = scores.max() ?? 0
    scores = scores.map { exp($0 - largest) }
    let sum = scores.reduce(0, +)
    return (0..<valueSize).map { e in (0..<keys).reduce(0.0) { $0 + scores[$1] * v[$1 * valueSize + e] } / sum
    }
  }
}

@Suite struct AttentionTests {
  /// Random operands of one call, [images, heads, rows, size], with everything the two passes need.
  private struct Case {
    let sizes: Attention.Sizes
    let q, k, v, mask, gradient: AlignedBuffer<Float>
    let scale: Float = 0.37

    init(_ sizes: Attention.Sizes, seed: UInt64) {
      var numbers = Numbers(seed: seed)
      self.sizes = sizes
      let groups = sizes.images * sizes.heads
      q = numbers.buffer(groups * sizes.queries * sizes.headSize, scale: 2)
      k = numbers.buffer(groups * sizes.keys * sizes.headSize, scale: 2)
      v = numbers.buffer(groups * sizes.keys * sizes.valueSize)
      mask = numbers.buffer(sizes.queries * sizes.keys)
      gradient = numbers.buffer(groups * sizes.queries * sizes.valueSize)
    }

    func layout(_ rows: Int, _ size: Int) -> Attention.Layout {
      .heads(rows: rows, heads: sizes.heads, size: size)
    }

    func attention(masked: Bool) -> Attention {
      let mask = unsafe Attention.Mask(
        mask.reading, imageStride: 0, headStride: 0, rowStride: sizes.keys, columnStride: 1)
      return unsafe Attention(
        sizes: sizes, scale: scale, q: q.reading, qLayout: layout(sizes.queries, sizes.headSize),
        k: k.reading,
        kLayout: layout(sizes.keys, sizes.headSize), v: v.reading,
        vLayout: layout(sizes.keys, sizes.valueSize),
        mask: masked ? mask : nil)
    }

    func forward(masked: Bool, options: KernelOptions) -> (AlignedBuffer<Float>, AlignedBuffer<Float>) {
      let out = AlignedBuffer<Float>(gradient.count)
      let logSums = AlignedBuffer<Float>(sizes.images * sizes.heads * sizes.queries)
      let scratch = unsafe AlignedBuffer<Float>(
        Attention.scratchCount(sizes, backward: false, options: options))
      unsafe attention(masked: masked).forward(
        into: out.pointer, layout: layout(sizes.queries, sizes.valueSize), logSums: logSums.pointer,
        scratch: scratch.pointer, options: options)
      return (out, logSums)
    }

    func backward(masked: Bool, options: KernelOptions) -> [AlignedBuffer<Float>] {
      let (out, logSums) = forward(masked: masked, options: options)
      let gradients = [q, k, v].map { AlignedBuffer<Float>($0.count) { _ in .nan } }
      let scratch = unsafe AlignedBuffer<Float>(
        Attention.scratchCount(sizes, backward: true, options: options))
      let outLayout = layout(sizes.queries, sizes.valueSize)
      unsafe attention(masked: masked).backward(
        out: out.reading, outLayout: outLayout, outGradient: gradient.reading, gradientLayout: outLayout,
        logSums: logSums.reading,
        q: Attention.Output(gradients[0].pointer, layout(sizes.queries, sizes.headSize)),
        k: Attention.Output(gradients[1].pointer, layout(sizes.keys, sizes.headSize)),
        v: Attention.Output(gradients[2].pointer, layout(sizes.keys, sizes.valueSize)),
        scratch: scratch.pointer, options: options)
      return gradients
    }

    /// Σ gradient · attention in Double, for operands moved by `step` along `direction`.
    func loss(masked: Bool, step: Double, direction: [[Double]]) -> Double {
      let operands = zip([q, k, v], direction).map { buffer, move in
        zip(buffer.values, move).map { Double($0) + step * $1 }
      }
      return (0..<sizes.images * sizes.heads).reduce(0.0) { total, group in
        func part(_ values: [Double], _ count: Int) -> [Double] {
          Array(values[group * count..<(group + 1) * count])
        }
        let out = exactAttention(
          q: part(operands[0], sizes.queries * sizes.headSize),
          k: part(operands[1], sizes.keys * sizes.headSize),
          v: part(operands[2], sizes.keys * sizes.valueSize),
          mask: masked ? mask.values.map(Double.init) : nil,
          scale: Double(scale), queries: sizes.queries, keys: sizes.keys, size: sizes.headSize,
          valueSize: sizes.valueSize)
        let weights = part(gradient.values.map(Double.init), sizes.queries * sizes.valueSize)
        return total + zip(out, weights).reduce(0.0) { $0 + $1.0 * $1.1 }
      }
    }
  }

  private static let shapes = [
    Attention.Sizes(images: 1, heads: 1, queries: 1, keys: 1, headSize: 1, valueSize: 1),
    Attention.Sizes(images: 2, heads: 3, queries: 7, keys: 7, headSize: 8, valueSize: 8),
    Attention.Sizes(images: 1, heads: 2, queries: 5, keys: 33, headSize: 24, valueSize: 17),
    // More queries than one stripe of rows holds.
    Attention.Sizes(images: 1, heads: 1, queries: 61, keys: 1400, headSize: 3, valueSize: 2),
  ]

  @Test(arguments: Processor.availableLevels())
  func `windows of images give the bits of the same rows laid out one window after the other`(
    level: Processor.Level
  ) {
    // Two images of 12 rows in windows of 4; one head, so that a row is a query.
    let rows: [UInt32] = [7, 2, 11, 0, 4, 3, 9, 10, 1, 5, 8, 6]
    let sizes = Attention.Sizes(images: 6, heads: 1, queries: 4, keys: 4, headSize: 5, valueSize: 5)
    let plain = Case(sizes, seed: 3)
    func moved(_ source: AlignedBuffer<Float>) -> AlignedBuffer<Float> {
      let target = AlignedBuffer<Float>(source.count)
      for row in 0..<24 {
        let place = row / 12 * 12 + Int(rows[row % 12])
        for channel in 0..<5 { target[place * 5 + channel] = source[row * 5 + channel] }
      }
      return target
    }
    var windowed = sizes
    windowed.rows = rows
    let whole = Attention.Layout(imageStride: 12 * 5, headStride: 5, rowStride: 5)
    let (q, k, v, dy) = (moved(plain.q), moved(plain.k), moved(plain.v), moved(plain.gradient))
    let options = KernelOptions(threads: 2, level: level)
    let kinds: [UInt32] = [1, 0]
    let masks = AlignedBuffer<Float>(32) { Float($0 % 7) / 8 - Float($0 / 16) }
    let mask = unsafe Attention.Mask(
      masks.reading, imageStride: 16, headStride: 0, rowStride: 4, columnStride: 1, kinds: kinds)
    func compute(_ sizes: Attention.Sizes, _ layout: Attention.Layout, _ operands: [AlignedBuffer<Float>])
      -> [AlignedBuffer<Float>]
    {
      let attention = unsafe Attention(
        sizes: sizes, scale: 9, headScales: [0.37], q: operands[0].reading, qLayout: layout,
        k: operands[1].reading, kLayout: layout, v: operands[2].reading, vLayout: layout, mask: mask)
      let results = (0..<4).map { _ in AlignedBuffer<Float>(120) { _ in .nan } }
      let logSums = AlignedBuffer<Float>(24)
      let scratch = unsafe AlignedBuffer<Float>(
        max(
          Attention.scratchCount(sizes, backward: true, options: options),
          Attention.scratchCount(sizes, backward: false, options: options)))
      unsafe attention.forward(
        into: results[0].pointer, layout: layout, logSums: logSums.pointer, scratch: scratch.pointer,
        options: options)
      unsafe attention.backward(
        out: results[0].reading, outLayout: layout, outGradient: operands[3].reading, gradientLayout: layout,
        logSums: logSums.reading, q: Attention.Output(results[1].pointer, layout),
        k: Attention.Output(results[2].pointer, layout), v: Attention.Output(results[3].pointer, layout),
        scratch: scratch.pointer, options: options)
      return results
    }
    let dense = compute(
      sizes, .heads(rows: 4, heads: 1, size: 5), [plain.q, plain.k, plain.v, plain.gradient])
    let inPlace = compute(windowed, whole, [q, k, v, dy])
    for (expected, found) in zip(dense, inPlace) {
      #expect(moved(expected).values.map(\.bitPattern) == found.values.map(\.bitPattern))
    }
  }

  @Test(arguments: Processor.availableLevels(), [false, true])
  func `forward agrees with the definition in Double`(level: Processor.Level, masked: Bool) {
    for (seed, sizes) in Self.shapes.enumerated() {
      let sample = Case(sizes, seed: UInt64(seed))
      let (out, logSums) = sample.forward(masked: masked, options: KernelOptions(threads: 1, level: level))
      for group in 0..<sizes.images * sizes.heads {
        func part(_ buffer: AlignedBuffer<Float>, _ count: Int) -> [Double] {
          (0..<count).map { Double(buffer[group * count + $0]) }
        }
        let exact = exactAttention(
          q: part(sample.q, sizes.queries * sizes.headSize), k: part(sample.k, sizes.keys * sizes.headSize),
          v: part(sample.v, sizes.keys * sizes.valueSize),
          mask: masked ? sample.mask.values.map(Double.init) : nil, scale: Double(sample.scale),
          queries: sizes.queries, keys: sizes.keys, size: sizes.headSize, valueSize: sizes.valueSize)
        // Scores reach about 15; their rounding moves each weight by a few 1e-6 of itself.
        #expect(zip(part(out, exact.count), exact).allSatisfy { abs($0 - $1) < 4e-6 }, "\(sizes)")
      }
      #expect(logSums.values.allSatisfy { $0.isFinite })
    }
  }

  @Test(arguments: Processor.availableLevels(), [false, true])
  func `backward agrees with central differences in Double`(level: Processor.Level, masked: Bool) {
    for (seed, sizes) in Self.shapes.enumerated() {
      let sample = Case(sizes, seed: UInt64(seed) + 10)
      let gradients = sample.backward(masked: masked, options: KernelOptions(threads: 1, level: level))
      var numbers = Numbers(seed: 99)
      for operand in 0..<3 {
        let direction = (0..<3).map { index in
          (0..<gradients[index].count).map { _ in index == operand ? numbers.next() : 0 }
        }
        let step = 1e-6
        let difference =
          (sample.loss(masked: masked, step: step, direction: direction)
            - sample.loss(masked: masked, step: -step, direction: direction)) / (2 * step)
        let terms = zip(gradients[operand].values, direction[operand]).map { Double($0) * $1 }
        // Single gradients carry a few 1e-6 of relative rounding; 1e-7 covers those that cancel to nothing.
        let size = terms.reduce(0) { $0 + abs($1) }
        #expect(abs(terms.reduce(0, +) - difference) < 2e-5 * size + 1e-6, "\(sizes), operand \(operand)")
      }
    }
  }

  @Test(arguments: Processor.availableLevels())
  func `reading packed qkv in place gives the bits of separate tensors, for any thread count`(
    level: Processor.Level
  ) {
    let (images, heads, tokens, size) = (2, 3, 19, 16)
    let sizes = Attention.Sizes(
      images: images, heads: heads, queries: tokens, keys: tokens, headSize: size, valueSize: size)
    let sample = Case(sizes, seed: 20)
    let one = KernelOptions(threads: 1, level: level)
    let (out, logSums) = sample.forward(masked: false, options: one)
    let gradients = sample.backward(masked: false, options: one)
    /// Where [image, head, token, i] lies in [B, N, 3, h, d].
    func place(_ index: Int, _ part: Int) -> Int {
      let (i, token) = (index % size, index / size % tokens)
      let (head, image) = (index / size / tokens % heads, index / size / tokens / heads)
      return (((image * tokens + token) * 3 + part) * heads + head) * size + i
    }
    let packed = AlignedBuffer<Float>(3 * sample.q.count)
    for (part, operand) in [sample.q, sample.k, sample.v].enumerated() {
      for index in 0..<operand.count { packed[place(index, part)] = operand[index] }
    }
    let layout = Attention.Layout.packed(rows: tokens, heads: heads, size: size)
    let plain = sample.layout(tokens, size)
    for threads in [1, 2, 4] {
      let options = KernelOptions(threads: threads, level: level)
      let scratch = unsafe AlignedBuffer<Float>(
        Attention.scratchCount(sizes, backward: true, options: options))
      let attention = unsafe Attention(
        sizes: sizes, scale: sample.scale, q: packed.reading, qLayout: layout,
        k: packed.reading + heads * size,
        kLayout: layout, v: packed.reading + 2 * heads * size, vLayout: layout)
      let result = AlignedBuffer<Float>(out.count)
      unsafe attention.forward(
        into: result.pointer, layout: plain, scratch: scratch.pointer, options: options)
      #expect(result.values == out.values)
      let gradient = AlignedBuffer<Float>(packed.count) { _ in .nan }
      unsafe attention.backward(
        out: out.reading, outLayout: plain, outGradient: sample.gradient.reading, gradientLayout: plain,
        logSums: logSums.reading, q: Attention.Output(gradient.pointer, layout),
        k: Attention.Output(gradient.pointer + heads * size, layout),
        v: Attention.Output(gradient.pointer + 2 * heads * size, layout), scratch: scratch.pointer,
        options: options)
      for part in 0..<3 {
        #expect(gradients[part].values == (0..<out.count).map { gradient[place($0, part)] }, "part \(part)")
      }
    }
  }
}
