import Graphs

extension Operator {
  /// Name and attributes as text: operators of equal text compute alike, bit by bit.
  ///
  /// Floats stand as their bits, so that NaN equals itself and −0 is not 0. Nil where an attribute holds a tensor, whose
  /// elements nobody should compare to find equal nodes.
  package var content: String? {
    var parts = [name.description]
    for attribute in attributes {
      switch attribute.value {
      case .int(let value): parts.append("\(attribute.name)=\(value)")
      case .ints(let values): parts.append("\(attribute.name)=\(values)")
      case .float(let value): parts.append("\(attribute.name)=\(value.bitPattern)")
      case .floats(let values): parts.append("\(attribute.name)=\(values.map(\.bitPattern))")
      case .string(let bytes): parts.append("\(attribute.name)=\(String(decoding: bytes, as: UTF8.self))")
      default: return nil
      }
    }
    return parts.joined(separator: " ")
  }
}
