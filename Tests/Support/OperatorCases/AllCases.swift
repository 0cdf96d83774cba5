extension OperatorCase {
  /// Every operator case.
  package static let all: [OperatorCase] =
    arithmetic + activations + reduction + logic + constants + linear + convolution + attention
    + normalization + pooling + shaping + resizing + indexing + training + fused + channelsLast
}
