extension Int {
  /// What a process can address: 2^47 bytes.
  ///
  /// Sizes that are only compared with memory are bounded by it, so that a few of them can be added up, or multiplied with a
  /// number of threads, without leaving `Int`.
  package static let addressable = 1 << 47

  /// The product of numbers from zero on, `addressable` where it is larger.
  package static func boundedProduct(_ factors: Int...) -> Int {
    guard !factors.contains(0) else { return 0 }
    var product = 1
    for factor in factors {
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      guard !overflow, next < addressable else { return addressable }
      product = next
    }
    return product
  }
}
