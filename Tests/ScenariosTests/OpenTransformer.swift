import Graphs
import ONNXFormat
import Tensors
import TestSupport

/// A vision transformer of one block for images of 8 × 8 whose batch, channels, height and width are names, with the
/// arithmetic on shapes that exporters write.
enum OpenTransformer {
  private static let text = """
    <ir_version: 8, opset_import: ["": 17]>
    open (float[batch, channels, height, width] pixel_values) => (float[batch, 2] logits) {
      patches = Conv <kernel_shape = [4, 4], strides = [4, 4]> (pixel_values, patch_weight)
      patch_shape = Shape (patches)
      leading = Slice (patch_shape, at_0, at_2)
      flat_shape = Concat <axis = 0> (leading, rest)
      flat = Reshape (patches, flat_shape)
      tokens = Transpose <perm = [0, 2, 1]> (flat)
      image_shape = Shape (pixel_values)
      count = Gather <axis = 0> (image_shape, index_0)
      batch_1 = Unsqueeze (count, at_0)
      class_shape = Concat <axis = 0> (batch_1, one_token)
      class = Expand (class_token, class_shape)
      all = Concat <axis = 1> (class, tokens)
      x = Add (all, positions)
      n = LayerNormalization <axis = -1> (x, one, zero)
      head_shape = Concat <axis = 0> (batch_1, heads)
      row_shape = Concat <axis = 0> (batch_1, rows)
      q = MatMul (n, query)
      qb = Add (q, zero)
      qh = Reshape (qb, head_shape)
      qt = Transpose <perm = [0, 2, 1, 3]> (qh)
      k = MatMul (n, key)
      kb = Add (k, zero)
      kh = Reshape (kb, head_shape)
      kt = Transpose <perm = [0, 2, 3, 1]> (kh)
      v = MatMul (n, value)
      vb = Add (v, zero)
      vh = Reshape (vb, head_shape)
      vt = Transpose <perm = [0, 2, 1, 3]> (vh)
      qk = MatMul (qt, kt)
      scaled = Mul (qk, half)
      weights = Softmax <axis = -1> (scaled)
      mixed = MatMul (weights, vt)
      mixed_t = Transpose <perm = [0, 2, 1, 3]> (mixed)
      joined = Reshape (mixed_t, row_shape)
      o = MatMul (joined, out)
      ob = Add (o, zero)
      y = Add (ob, x)
      m = LayerNormalization <axis = -1> (y, one, zero)
      up = MatMul (m, wide)
      upb = Add (up, zero_wide)
      root = Div (upb, square_root)
      erf = Erf (root)
      shifted = Add (erf, unit)
      product = Mul (upb, shifted)
      gelu = Mul (product, half)
      down = MatMul (gelu, narrow)
      downb = Add (down, zero)
      z = Add (downb, y)
      last = LayerNormalization <axis = -1> (z, one, zero)
      token = Gather <axis = 1> (last, index_0)
      logits = Gemm <transB = 1> (token, head, head_bias)
    }
    """

  private static let weights: [(name: String, extents: [Int])] = [
    ("class_token", [1, 1, 8]), ("query", [8, 8]), ("key", [8, 8]),
    ("value", [8, 8]), ("out", [8, 8]), ("wide", [8, 16]), ("narrow", [16, 8]), ("head", [2, 8]),
  ]
  private static let numbers: [(name: String, values: [Float], extents: [Int])] = [
    ("one", [Float](repeating: 1, count: 8), [8]), ("zero", [Float](repeating: 0, count: 8), [8]),
    ("zero_wide", [Float](repeating: 0, count: 16), [16]), ("head_bias", [0, 0], [2]), ("half", [0.5], []),
    ("unit", [1], []), ("square_root", [Float(2).squareRoot()], []),
  ]
  private static let integers: [(name: String, values: [Int64], extents: [Int])] = [
    ("at_0", [0], [1]), ("at_2", [2], [1]), ("rest", [-1], [1]), ("index_0", [0], []),
    ("one_token", [1, 8], [2]),
    ("heads", [-1, 2, 4], [3]), ("rows", [-1, 8], [2]),
  ]

  /// Writes the network as `model.onnx`.
  ///
  /// - Parameters:
  ///   - hasPositions: whether it adds a position embedding to its tokens.
  ///   - channels: channels of the images it takes.
  static func write(to folder: TemporaryFolder, hasPositions: Bool = true, channels: Int = 3) throws {
    var model = try ModelDescription(
      text: hasPositions
        ? text : text.replacing("x = Add (all, positions)", with: "x = Add (all, zero)"))
    var random = Random(1, 0)
    let patches = [(name: "patch_weight", extents: [8, channels, 4, 4])]
    for (name, extents) in patches + weights + (hasPositions ? [("positions", [1, 5, 8])] : []) {
      let shape = Shape(extents)
      let values = (0..<shape.elementCount).map { _ in Float(random.normal()) / 2 }
      model.graph.initializers.append(TensorConstant(name: name, try Tensor(values, shape: shape)))
    }
    for (name, values, extents) in numbers {
      model.graph.initializers.append(TensorConstant(name: name, try Tensor(values, shape: Shape(extents))))
    }
    for (name, values, extents) in integers {
      model.graph.initializers.append(TensorConstant(name: name, try Tensor(values, shape: Shape(extents))))
    }
    try ONNXFile.write(model, to: folder.file("model.onnx"))
  }
}
