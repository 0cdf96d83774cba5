import Glibc
package import Tensors

/// Sizes and memory layout of an attention: every operand is a strided window into some tensor.
package struct AttentionGeometry: Hashable, Sendable {
  /// Where the elements (batch, head, token, channel) of an operand lie, in elements.
  package struct View: Hashable, Sendable {
    /// First element.
    package var offset: Int
    /// Elements between batches.
    package var batch: Int
    /// Elements between heads.
    package var head: Int
    /// Elements between tokens; for a mask between queries.
    package var token: Int
    /// Elements between channels; for a mask between keys.
    package var channel: Int

    /// A layout.
    package init(offset: Int, batch: Int, head: Int, token: Int, channel: Int) {
      self.offset = offset
      self.batch = batch
      self.head = head
      self.token = token
      self.channel = channel
    }
  }
  /// Images.
  package var batch: Int
  /// Heads.
  package var heads: Int
  /// Tokens that ask.
  package var queries: Int
  /// Tokens that are asked.
  package var keys: Int
  /// Channels of queries and keys per head.
  package var channels: Int
  /// Channels of values and results per head.
  package var valueChannels: Int
  /// Layout of Q.
  package var query: View
  /// Layout of K.
  package var key: View
  /// Layout of V.
  package var value: View
  /// Layout of Y.
  package var output: View
  /// Layout of the mask, where there is one.
  package var mask: View?
  /// What the scores are multiplied with.
  package var scale: Double
  /// One scale per head in place of `scale`, where it is not empty.
  package var headScales: [Float] = []
  /// Which mask batch b has: `maskKinds[b % maskKinds.count]`; it is mask b where this is empty.
  package var maskKinds: [UInt32] = []
  /// Where batches are windows of images: the row of its image in which token n of window w lies, at w · queries + n.
  ///
  /// The strides of batch and token of all operands but the mask are those of images and of their rows then. Empty without windows.
  package var rows: [UInt32] = []

  /// A geometry.
  package init(
    batch: Int, heads: Int, queries: Int, keys: Int, channels: Int, valueChannels: Int, query: View,
    key: View, value: View, output: View, mask: View?, scale: Double
  ) {
    self.batch = batch
    self.heads = heads
    self.queries = queries
    self.keys = keys
    self.channels = channels
    self.valueChannels = valueChannels
    self.query = query
    self.key = key
    self.value = value
    self.output = output
    self.mask = mask
    self.scale = scale
  }

  /// Windows of one image; 1 where batches are images.
  package var windows: Int { rows.isEmpty ? 1 : rows.count / queries }

  /// The scale of a head.
  package func scale(ofHead head: Int) -> Double { headScales.isEmpty ? scale : Double(headScales[head]) }

  /// Where channel 0 of a token of an operand lies.
  @inline(__always)
  func start(_ view: View, _ b: Int, _ h: Int, _ token: Int) -> Int {
    let row = rows.isEmpty ? token : Int(rows[b % windows * queries + token])
    return view.offset + b / windows * view.batch + h * view.head + row * view.token
  }

  /// Where what is added to the scores of a query lies for key 0.
  @inline(__always)
  func start(ofMask view: View, _ b: Int, _ h: Int, _ query: Int) -> Int {
    let kind = maskKinds.isEmpty ? b : Int(maskKinds[b % maskKinds.count])
    return view.offset + kind * view.batch + h * view.head + query * view.token
  }
}

/// Plain attention: the reference for the fast one, and what Float64 runs.
///
///     S = scale · Q Kᵀ + mask        P = softmax(S)        Y = P V        L = log Σ exp S
package enum AttentionReference {
  /// Y and, where wanted, L [batch, heads, queries].
  ///
  /// A row whose mask admits no key gives NaN, as ONNX's Softmax does.
  package static func forward(
    q: TensorView, k: TensorView, v: TensorView, mask: TensorView?, _ geometry: AttentionGeometry,
    into y: TensorView, logSumExp: TensorView?
  ) {
    switch y.elementType {
    case .float32: forward(Float.self, q, k, v, mask, geometry, y, logSumExp)
    default: forward(Double.self, q, k, v, mask, geometry, y, logSumExp)
    }
  }

  /// Adds the gradients of Q, K and V to `dq`, `dk` and `dv`, which have the operands' layouts; nil where not wanted.
  ///
  ///     dV = Pᵀ dY        dS = P ∘ (dY Vᵀ − Σ channels dY ∘ Y)        dQ = scale · dS K        dK = scale · dSᵀ Q
  package static func backward(
    q: TensorView, k: TensorView, v: TensorView, mask: TensorView?, y: TensorView, dy: TensorView,
    logSumExp: TensorView, _ geometry: AttentionGeometry, dq: TensorView?, dk: TensorView?, dv: TensorView?
  ) {
    switch y.elementType {
    case .float32: backward(Float.self, q, k, v, mask, y, dy, logSumExp, geometry, dq, dk, dv)
    default: backward(Double.self, q, k, v, mask, y, dy, logSumExp, geometry, dq, dk, dv)
    }
  }

  private static func forward<Element: Scalar & BinaryFloatingPoint>(
    _ type: Element.Type, _ q: TensorView, _ k: TensorView, _ v: TensorView, _ mask: TensorView?,
    _ g: AttentionGeometry, _ y: TensorView, _ logSumExp: TensorView?
  ) {
    let q = unsafe q.buffer(of: type)
    let k = unsafe k.buffer(of: type)
    let v = unsafe v.buffer(of: type)
    let mask = unsafe mask?.buffer(of: type)
    let y = unsafe y.buffer(of: type)
    let logSumExp = unsafe logSumExp?.buffer(of: type)
    var scores = [Double](repeating: 0, count: g.keys)
    for b in 0..<g.batch {
      for h in 0..<g.heads {
        for n in 0..<g.queries {
          let row = g.start(g.query, b, h, n)
          var largest = -Double.infinity
          for m in 0..<g.keys {
            let column = g.start(g.key, b, h, m)
            var sum = 0.0
            for c in 0..<g.channels {
              unsafe sum += Double(q[row + c * g.query.channel]) * Double(k[column + c * g.key.channel])
            }
            sum *= g.scale(ofHead: h)
            if let view = g.mask, let mask = unsafe mask {
              unsafe sum += Double(mask[g.start(ofMask: view, b, h, n) + m * view.channel])
            }
            scores[m] = sum
            largest = max(largest, sum)
          }
          var total = 0.0
          for m in 0..<g.keys {
            scores[m] = exp(scores[m] - largest)
            total += scores[m]
          }
          let target = g.start(g.output, b, h, n)
          for c in 0..<g.valueChannels {
            var sum = 0.0
            for m in 0..<g.keys {
              unsafe sum += scores[m] * Double(v[g.start(g.value, b, h, m) + c * g.value.channel])
            }
            unsafe y[target + c * g.output.channel] = Element(sum / total)
          }
          if let logSumExp = unsafe logSumExp {
            unsafe logSumExp[(b * g.heads + h) * g.queries + n] = Element(largest + log(total))
          }
        }
      }
    }
  }

  private static func backward<Element: Scalar & BinaryFloatingPoint>(
    _ type: Element.Type, _ q: TensorView, _ k: TensorView, _ v: TensorView, _ mask: TensorView?,
    _ y: TensorView, _ dy: TensorView, _ logSumExp: TensorView, _ g: AttentionGeometry, _ dq: TensorView?,
    _ dk: TensorView?, _ dv: TensorView?
  ) {
    let q = unsafe q.buffer(of: type)
    let k = unsafe k.buffer(of: type)
    let v = unsafe v.buffer(of: type)
    let mask = unsafe mask?.buffer(of: type)
    let y = unsafe y.buffer(of: type)
    let dy = unsafe dy.buffer(of: type)
    let logSumExp = unsafe logSumExp.buffer(of: type)
    let dq = unsafe dq?.buffer(of: type)
    let dk = unsafe dk?.buffer(of: type)
    let dv = unsafe dv?.buffer(of: type)
    for b in 0..<g.batch {
      for h in 0..<g.heads {
        for n in 0..<g.queries {
          let row = g.start(g.query, b, h, n)
          let target = g.start(g.output, b, h, n)
          var share = 0.0
          for c in 0..<g.valueChannels {
            let at = target + c * g.output.channel
            unsafe share += Double(dy[at]) * Double(y[at])
          }
          for m in 0..<g.keys {
            let column = g.start(g.key, b, h, m)
            let source = g.start(g.value, b, h, m)
            var score = 0.0
            for c in 0..<g.channels {
              unsafe score += Double(q[row + c * g.query.channel]) * Double(k[column + c * g.key.channel])
            }
            score *= g.scale(ofHead: h)
            if let view = g.mask, let mask = unsafe mask {
              unsafe score += Double(mask[g.start(ofMask: view, b, h, n) + m * view.channel])
            }
            let weight = unsafe exp(score - Double(logSumExp[(b * g.heads + h) * g.queries + n]))
            var slope = 0.0
            for c in 0..<g.valueChannels {
              let gradient = unsafe Double(dy[target + c * g.output.channel])
              unsafe slope += gradient * Double(v[source + c * g.value.channel])
              if let dv = unsafe dv { unsafe dv[source + c * g.value.channel] += Element(weight * gradient) }
            }
            slope = weight * (slope - share) * g.scale(ofHead: h)
            for c in 0..<g.channels {
              let a = row + c * g.query.channel
              let z = column + c * g.key.channel
              if let dq = unsafe dq { unsafe dq[a] += Element(slope * Double(k[z])) }
              if let dk = unsafe dk { unsafe dk[z] += Element(slope * Double(q[a])) }
            }
          }
        }
      }
    }
  }
}
