import Kernels
import Tensors
import Testing

@Suite struct WideningTests {
  @Test func `every float of 16 bits has the number that its bits say`() throws {
    let bits = Array(0...UInt16.max)
    let numbers = bits.map { bits -> Double in
      let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 1023))
      let sign = bits >> 15 == 0 ? 1.0 : -1.0
      if exponent == 31 { return fraction == 0 ? sign * .infinity : .nan }
      return exponent == 0
        ? sign * fraction * 0x1p-24
        : sign * (1 + fraction / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
    }
    for target in [ElementType.float32, .float64] {
      let stored = try Tensor(bits)
      let halves = TensorView(
        elementType: .float16, shape: stored.shape, storage: stored.storage, byteOffset: stored.byteOffset)
      let result = try Tensor(zeros: stored.shape, of: target)
      Elementwise.convert(halves, into: TensorView(result), KernelOptions(threads: 1, level: .portable))
      let found = try #require(result.doubles)
      #expect(zip(found, numbers).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN })
    }
  }

  @Test func `a bfloat16 is the upper half of a float`() throws {
    let numbers: [Float] = [0, -1.5, 0x1.02p100, 0x1p-126, .infinity]
    let stored = try Tensor(numbers.map { UInt16($0.bitPattern >> 16) })
    let halves = TensorView(
      elementType: .bfloat16, shape: stored.shape, storage: stored.storage, byteOffset: stored.byteOffset)
    let result = try Tensor(zeros: stored.shape, of: .float32)
    Elementwise.convert(halves, into: TensorView(result), KernelOptions(threads: 1, level: .portable))
    // All of these need no more than the upper half.
    #expect(result.array(of: Float.self) == numbers)
  }
}
