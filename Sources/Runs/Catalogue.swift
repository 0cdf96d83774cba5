import TensorFiles
import Tensors

/// Public checkpoints whose files say nothing of their images, by hash: all take ImageNet's statistics at 224 pixels.
///
/// DeiT (Touvron et al. 2021): shorter side 256 bicubic, centre crop 224.
struct Catalogue: Sendable {
  /// Size of the file, so that only files of a known size are hashed.
  let byteCount: Int
  /// SHA-256 of the file.
  let hash: String
  /// Name and form.
  let name: String

  static let entries = [
    Catalogue(
      byteCount: 22_951_184, hash: "dcaf90b106297f56a068fc78bc90e753b07d13ba07053974458383943853e789",
      name: "DeiT-Tiny/16, TorchScript export"),
    Catalogue(
      byteCount: 23_724_871, hash: "1f3cf313bea8c9a9bd0a63693a9d80e90c99d4b1bfb0c0430edbecb27bff9ca3",
      name: "DeiT-Tiny/16, torch.export"),
  ]

  /// The entry of a model file; nil where it is not in the catalogue.
  static func entry(forFile path: String, byteCount: Int) -> Catalogue? {
    guard entries.contains(where: { $0.byteCount == byteCount }),
      let hash = try? SHA256.hexadecimal(ofFile: path)
    else { return nil }
    return entries.first { $0.hash == hash }
  }
}
