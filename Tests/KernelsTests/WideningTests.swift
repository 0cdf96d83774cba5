import Kernels
import Tensors
import Testing

@Suite struct WideningTests {
  private static let options = KernelOptions(threads: 1, level: .portable)

  /// The number of a float16, as IEEE 754 writes it.
  private static func number(_ bits: UInt16) -> Double {
    let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 1023))
    let sign = bits >> 15 == 0 ? 1.0 : -1.0
    if exponent == 31 { return fraction == 0 ? sign * .infinity : .nan }
    return exponent == 0
      ? sign * fraction * 0x1p-24
      : sign * (1 + fraction / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
  }

  private static func view(_ type: ElementType, _ bits: Tensor) -> TensorView {
    TensorView(elementType: type, shape: bits.shape, storage: bits.storage, byteOffset: bits.byteOffset)
  }

  private static func narrowed(_ numbers: [Float], to type: ElementType) throws -> [UInt16] {
    let result = try Tensor([UInt16](repeating: 0, count: numbers.count))
    Elementwise.narrow(TensorView(try Tensor(numbers)), into: view(type, result), options)
    return try #require(result.array(of: UInt16.self))
  }

  @Test func `every float of 16 bits has the number that its bits say`() throws {
    let bits = Array(0...UInt16.max)
    let result = try Tensor(zeros: [bits.count], of: .float32)
    Elementwise.widen(Self.view(.float16, try Tensor(bits)), into: TensorView(result), Self.options)
    let found = try #require(result.doubles)
    #expect(zip(found, bits.map(Self.number)).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN })
  }

  @Test func `a bfloat16 is the upper half of a float`() throws {
    let numbers: [Float] = [0, -1.5, 0x1.02p100, 0x1p-126, .infinity]
    let bits = numbers.map { UInt16($0.bitPattern >> 16) }
    let result = try Tensor(zeros: [bits.count], of: .float32)
    Elementwise.widen(Self.view(.bfloat16, try Tensor(bits)), into: TensorView(result), Self.options)
    // All of these need no more than the upper half.
    #expect(result.array(of: Float.self) == numbers)
    #expect(try Self.narrowed(numbers, to: .bfloat16) == bits)
  }

  @Test func `a number becomes the nearest float16, of two the even one`() throws {
    let finite = (0..<UInt16(0x7C00)).map { ($0, Float(Self.number($0))) }
    #expect(try Self.narrowed(finite.map(\.1), to: .float16) == finite.map(\.0))
    #expect(try Self.narrowed(finite.map { -$0.1 }, to: .float16) == finite.map { $0.0 | 0x8000 })
    var (numbers, nearest) = ([Float](), [UInt16]())
    for (lower, upper) in zip(finite, finite.dropFirst()) {
      let middle = (lower.1 + upper.1) / 2
      numbers += [middle.nextDown, middle, middle.nextUp]
      nearest += [lower.0, lower.0 % 2 == 0 ? lower.0 : upper.0, upper.0]
    }
    #expect(try Self.narrowed(numbers, to: .float16) == nearest)
    // 65504 is the largest; from the middle of it and 65536 on there is nothing nearer than infinity.
    let large: [Float] = [Float(65520).nextDown, 65520, 1e30, .infinity, -.infinity]
    #expect(try Self.narrowed(large, to: .float16) == [0x7BFF, 0x7C00, 0x7C00, 0x7C00, 0xFC00])
    #expect(try Self.narrowed([.nan, 0x1p-26], to: .float16).map(Self.number)[0].isNaN)
  }

  @Test func `a number becomes the nearest bfloat16, of two the even one`() throws {
    let numbers: [Float] = [0x1.01p0, 0x1.03p0, Float(0x1.01p0).nextUp, .greatestFiniteMagnitude, -0x1.01p0]
    #expect(try Self.narrowed(numbers, to: .bfloat16) == [0x3F80, 0x3F82, 0x3F81, 0x7F80, 0xBF80])
    let nan = try Self.narrowed([Float(bitPattern: 0x7F80_0001)], to: .bfloat16)[0]
    #expect(Float(bitPattern: UInt32(nan) << 16).isNaN)
  }
}
