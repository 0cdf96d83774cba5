import Foundation
import Graphs
import Operators
import Tensors

extension OperatorCase {
  static let fused: [OperatorCase] = [
    linear("a matrix alone", rows: [5], depth: 7, columns: 3),
    linear("bias and residual", rows: [2, 3], depth: 4, columns: 9, bias: true, residual: true),
    linear("a transposed matrix", rows: [3, 2], depth: 5, columns: 8, transposed: true, bias: true),
    packedAttention("packed q, k, v", batch: 2, heads: 3, tokens: 5, size: 4),
    packedAttention("one token", batch: 1, heads: 2, tokens: 1, size: 3),
    separateAttention("three layouts", batch: 2, heads: 2, queries: 3, keys: 4),
    separateAttention("a mask for each image and key", batch: 2, heads: 3, queries: 2, keys: 4, masked: true),
    windowAttention(
      "windows of images, in rows of any order", images: 2, rows: [5, 0, 3, 1, 4, 2], tokens: 2),
    windowAttention("one window", images: 3, rows: [2, 0, 1], tokens: 3),
    separateAttention("one query, one head", batch: 1, heads: 1, queries: 1, keys: 3),
    depthwise("maps, a kernel larger than them", [2, 3, 5, 4], large: 11, small: 3),
    depthwise("maps larger than the kernels", [1, 2, 18, 17], large: 7, small: 3),
    depthwise("dilated taps", [2, 2, 6, 6], large: 3, small: 3, largeDilation: 2),
    tokenDepthwise("a prefix token", batch: 3, prefix: 1, grid: (4, 3), channels: 2, large: 9, small: 3),
    tokenDepthwise("no prefix", batch: 1, prefix: 0, grid: (3, 3), channels: 3, large: 5, small: 1),
  ]

  private static let sums = Tolerance.relativeToLargest(1e-5, reason: "sums run in another order")

  private static func linear(
    _ name: String, rows: [Int], depth: Int, columns: Int, transposed: Bool = false, bias: Bool = false,
    residual: Bool = false
  ) -> OperatorCase {
    let count = rows.reduce(1, *)
    return OperatorCase(
      name, OperatorName("Linear", domain: "dka.fused"), version: 1,
      inputs: [
        .normal(Shape(rows + [depth]), seed: 1),
        .normal(transposed ? [columns, depth] : [depth, columns], seed: 2),
        bias ? .normal([columns], seed: 3) : nil, residual ? .normal(Shape(rows + [columns]), seed: 4) : nil,
      ], attributes: transposed ? [Attribute("transposed", 1)] : [], tolerance: sums
    ) { operands in
      let (x, w) = (operands[0].values, operands[1].values)
      var y: [Double] = []
      for row in 0..<count {
        for column in 0..<columns {
          var sum = (0..<depth).reduce(0.0) {
            $0 + x[row * depth + $1] * w[transposed ? column * depth + $1 : $1 * columns + column]
          }
          if bias { sum += operands[2].values[column] }
          if residual { sum += operands[3].values[row * columns + column] }
          y.append(sum)
        }
      }
      return [.of(y, Shape(rows + [columns]))]
    }
  }

  private static func packedAttention(_ name: String, batch: Int, heads: Int, tokens: Int, size: Int)
    -> OperatorCase
  {
    let width = heads * size
    func view(_ part: Int) -> [Int] { [0, part * width, tokens * 3 * width, size, 3 * width, 1] }
    return OperatorCase(
      name, OperatorName("FusedAttention", domain: "dka.fused"), version: 1,
      inputs: [.normal([batch, tokens, 3 * width])],
      attributes: [
        Attribute("sizes", [batch, heads, tokens, tokens, size, size]), Attribute("q_view", view(0)),
        Attribute("k_view", view(1)), Attribute("v_view", view(2)), Attribute("scale", Float(0.5)),
        Attribute("output_shape", [batch, tokens, width]),
        Attribute("output_strides", [tokens * width, size, width, 1]),
      ], outputCount: 2, tolerance: sums, gradientTolerance: sums
    ) { operands in
      let x = operands[0].values
      var y = [Double](repeating: 0, count: batch * tokens * width)
      var logs: [Double] = []
      for b in 0..<batch {
        for h in 0..<heads {
          func at(_ part: Int, _ token: Int, _ c: Int) -> Double {
            x[((b * tokens + token) * 3 + part) * width + h * size + c]
          }
          for n in 0..<tokens {
            let weights = (0..<tokens).map { m in
              exp(0.5 * (0..<size).reduce(0.0) { $0 + at(0, n, $1) * at(1, m, $1) })
            }
            let total = weights.reduce(0, +)
            logs.append(log(total))
            for c in 0..<size {
              y[(b * tokens + n) * width + h * size + c] =
                (0..<tokens).reduce(0.0) { $0 + weights[$1] * at(2, $1, c) } / total
            }
          }
        }
      }
      return [.of(y, [batch, tokens, width]), .of(logs, [batch, heads, tokens])]
    }
  }

  /// Q [B, h, N, 3], K [B, h, 3, M], V [B, M, h, 2], mask [B, M] → Y [B, h, N, 2].
  private static func separateAttention(
    _ name: String, batch: Int, heads: Int, queries: Int, keys: Int, masked: Bool = false
  ) -> OperatorCase {
    var attributes = [
      Attribute("sizes", [batch, heads, queries, keys, 3, 2]),
      Attribute("q_view", [0, 0, heads * queries * 3, queries * 3, 3, 1]),
      Attribute("k_view", [1, 0, heads * keys * 3, keys * 3, 1, keys]),
      Attribute("v_view", [2, 0, keys * heads * 2, 2, heads * 2, 1]),
      Attribute("output_shape", [batch, heads, queries, 2]),
      Attribute("output_strides", [heads * queries * 2, queries * 2, 2, 1]),
    ]
    if masked { attributes.append(Attribute("mask_strides", [keys, 0, 0, 1])) }
    return OperatorCase(
      name, OperatorName("FusedAttention", domain: "dka.fused"), version: 1,
      inputs: [
        .normal([batch, heads, queries, 3], seed: 1), .normal([batch, heads, 3, keys], seed: 2),
        .normal([batch, keys, heads, 2], seed: 3), masked ? .normal([batch, keys], seed: 4) : nil,
      ], attributes: attributes, tolerance: sums, frozenOperands: [3], gradientTolerance: sums
    ) { operands in
      let y = ReferenceTensor.make([batch, heads, queries, 2]) { place in
        let (b, h, n) = (place[0], place[1], place[2])
        let weights = (0..<keys).map { m in
          let product = (0..<3).reduce(0.0) { $0 + operands[0]([b, h, n, $1]) * operands[1]([b, h, $1, m]) }
          return exp(product + (masked ? operands[3]([b, m]) : 0))
        }
        let sum = (0..<keys).reduce(0.0) { $0 + weights[$1] * operands[2]([b, $1, h, place[3]]) }
        return sum / weights.reduce(0, +)
      }
      return [y]
    }
  }

  /// Packed q, k, v [B, R, 3, 2, 2] of which token n of window w is row `rows[w · tokens + n]`; a scale per head, and of two
  /// masks [2, 1, tokens, tokens] every second window has the second one.
  private static func windowAttention(_ name: String, images: Int, rows: [Int], tokens: Int) -> OperatorCase {
    let windows = rows.count / tokens
    let (batch, scales) = (images * windows, [0.5, -1.25])
    let kinds = (0..<min(batch, 2)).map { $0 }
    func view(_ part: Int) -> [Int] { [0, part * 4, rows.count * 12, 2, 12, 1] }
    return OperatorCase(
      name, OperatorName("FusedAttention", domain: "dka.fused"), version: 1,
      inputs: [
        .normal([images, rows.count, 12], seed: 1), nil, nil, .normal([2, 1, tokens, tokens], seed: 2),
      ],
      attributes: [
        Attribute("sizes", [batch, 2, tokens, tokens, 2, 2]), Attribute("q_view", view(0)),
        Attribute("k_view", view(1)), Attribute("v_view", view(2)),
        Attribute("head_scales", .floats(scales.map(Float.init))),
        Attribute("mask_strides", [tokens * tokens, 0, tokens, 1]), Attribute("mask_kinds", kinds),
        Attribute("rows", rows), Attribute("output_shape", [images, rows.count, 4]),
        Attribute("output_strides", [rows.count * 4, 2, 4, 1]),
      ], outputCount: 2, tolerance: sums, frozenOperands: [3], gradientTolerance: sums
    ) { operands in
      // Absent operands are not among them.
      let (x, mask) = (operands[0], operands[operands.count - 1])
      func scores(_ b: Int, _ h: Int, _ n: Int) -> [Double] {
        (0..<tokens).map { m in
          let (image, start) = (b / windows, b % windows * tokens)
          let product = (0..<2).reduce(0.0) {
            $0 + x([image, rows[start + n], h * 2 + $1]) * x([image, rows[start + m], 4 + h * 2 + $1])
          }
          return exp(scales[h] * product + mask([b % 2, 0, n, m]))
        }
      }
      let y = ReferenceTensor.make([images, rows.count, 4]) { place in
        let (position, h) = (rows.firstIndex(of: place[1]) ?? 0, place[2] / 2)
        let (window, n) = (position / tokens, position % tokens)
        let weights = scores(place[0] * windows + window, h, n)
        let sum = (0..<tokens).reduce(0.0) {
          $0 + weights[$1] * x([place[0], rows[window * tokens + $1], 8 + place[2]])
        }
        return sum / weights.reduce(0, +)
      }
      let logs = ReferenceTensor.make([batch, 2, tokens]) { log(scores($0[0], $0[1], $0[2]).reduce(0, +)) }
      return [y, logs]
    }
  }

  private static func depthwise(
    _ name: String, _ shape: [Int], large: Int, small: Int, largeDilation: Int = 1
  ) -> OperatorCase {
    OperatorCase(
      name, OperatorName("DepthwisePair", domain: "dka.fused"), version: 1,
      inputs: [
        .normal(Shape(shape), seed: 1), .normal([shape[1], 1, large, large], seed: 2),
        .normal([shape[1], 1, small, small], seed: 3),
      ], attributes: [Attribute("large_dilation", largeDilation)], tolerance: sums, gradientTolerance: sums
    ) { operands in
      let (channels, height, width) = (shape[1], shape[2], shape[3])
      let x = operands[0].values
      let y = convolved(
        operands, batch: shape[0], channels, height, width, [(large, largeDilation), (small, 1)]
      ) { x[(($0 * channels + $1) * height + $2) * width + $3] }
      return [.of(y, Shape(shape))]
    }
  }

  private static func tokenDepthwise(
    _ name: String, batch: Int, prefix: Int, grid: (Int, Int), channels: Int, large: Int, small: Int
  ) -> OperatorCase {
    let (height, width) = grid
    let tokens = prefix + height * width
    return OperatorCase(
      name, OperatorName("TokenDepthwisePair", domain: "dka.fused"), version: 1,
      inputs: [
        .normal([batch, tokens, channels], seed: 1), .normal([channels, 1, large, large], seed: 2),
        .normal([channels, 1, small, small], seed: 3),
      ],
      attributes: [Attribute("height", height), Attribute("width", width), Attribute("prefix", prefix)],
      tolerance: sums, gradientTolerance: sums
    ) { operands in
      var result = operands[0]
      let x = result.values
      let y = convolved(operands, batch: batch, channels, height, width, [(large, 1), (small, 1)]) {
        x[($0 * tokens + prefix + $2 * width + $3) * channels + $1]
      }
      for b in 0..<batch {
        for c in 0..<channels {
          for position in 0..<height * width {
            result.values[(b * tokens + prefix + position) * channels + c] =
              y[(b * channels + c) * height * width + position]
          }
        }
      }
      return [result]
    }
  }

  /// The sum of the convolutions of maps with operands 1 and 2, as [B, C, H, W].
  private static func convolved(
    _ operands: [ReferenceTensor], batch: Int, _ channels: Int, _ height: Int, _ width: Int,
    _ kernels: [(extent: Int, dilation: Int)], _ x: (Int, Int, Int, Int) -> Double
  ) -> [Double] {
    var y: [Double] = []
    for b in 0..<batch {
      for c in 0..<channels {
        for i in 0..<height {
          for j in 0..<width {
            var sum = 0.0
            for (index, kernel) in kernels.enumerated() {
              let k = kernel.extent
              for u in 0..<k {
                for v in 0..<k {
                  let row = i + (u - k / 2) * kernel.dilation
                  let column = j + (v - k / 2) * kernel.dilation
                  guard 0..<height ~= row, 0..<width ~= column else { continue }
                  sum += x(b, c, row, column) * operands[index + 1].values[(c * k + u) * k + v]
                }
              }
            }
            y.append(sum)
          }
        }
      }
    }
    return y
  }
}
