import Tensors
import Testing

@Suite struct ShapeTests {
  @Test func `untrusted extents are refused when negative or too many`() {
    #expect(Shape(checking: [2, -1]) == nil)
    #expect(Shape(checking: [1 << 40, 1 << 40]) == nil)
    #expect(Shape(checking: [1 << 40, 1 << 40, 0]) == nil)
    #expect(Shape(checking: [Int.max]) == nil)
    #expect(Shape(checking: [0, 1 << 40])?.elementCount == 0)
    #expect(Shape(checking: [])?.elementCount == 1)
  }

  @Test(arguments: [
    ([3, 5], [5], [3, 5]), ([3, 1], [1, 5], [3, 5]), ([], [2], [2]), ([0], [1], [0]),
    ([2, 1, 4], [3, 1], [2, 3, 4]),
  ])
  func `shapes broadcast from the innermost axis on`(first: [Int], second: [Int], result: [Int]) {
    #expect(Shape(first).broadcast(with: Shape(second)) == Shape(result))
    #expect(Shape(second).broadcast(with: Shape(first)) == Shape(result))
  }

  @Test func `shapes that differ in an extent above one do not broadcast`() {
    #expect(Shape([1, 197, 768]).broadcast(with: [1, 196, 768]) == nil)
    #expect(Shape([0]).broadcast(with: [2]) == nil)
  }

  @Test func `axes count from both ends`() {
    let shape: Shape = [2, 3, 4]
    #expect(shape[-1] == 4)
    #expect(shape.normalizedAxis(-3) == 0)
    #expect(shape.normalizedAxis(3) == nil)
    #expect(shape.normalizedAxis(-4) == nil)
    #expect(shape.strides == [12, 4, 1])
    #expect(shape.product(1..<3) == 12)
  }
}
