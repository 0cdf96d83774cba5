import Tensors
import Testing

@Suite struct RandomTests {
  @Test func `the numbers of a key are a pure function of key and position`() {
    var first = Random(7, 1, 2)
    var second = Random(words: [7, 1, 2])
    let numbers = (0..<5).map { _ in first.next() }
    #expect(numbers == (0..<5).map { _ in second.next() })
    var later = Random(key: first.key, counter: 3)
    #expect(later.next() == numbers[3])
    var other = Random(7, 2, 1)
    #expect(other.next() != numbers[0])
  }

  @Test func `uniform and normal numbers have the right moments`() {
    var random = Random(3)
    let count = 100_000
    let uniform = (0..<count).map { _ in random.uniform() }
    let normal = (0..<count).map { _ in random.normal() }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
    // Five standard errors: 5 · 0.29 / √100000 and 5 · 1 / √100000; of the variance 5 · √2 / √100000.
    #expect(abs(mean(uniform) - 0.5) < 0.0046)
    #expect(abs(mean(normal)) < 0.016)
    #expect(abs(mean(normal.map { $0 * $0 }) - 1) < 0.023)
  }

  @Test func `bounded integers reach every value about equally often`() {
    var random = Random(11)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[random.integer(below: 7)] += 1 }
    // Five standard deviations of a binomial count: 5 · √(70000 · 6/49).
    #expect(counts.allSatisfy { abs($0 - 10_000) < 463 })
  }

  @Test func `a permutation holds every index once`() {
    var random = Random(5)
    #expect(random.permutation(of: 100).sorted() == Array(0..<100))
    #expect(random.permutation(of: 0).isEmpty)
  }

  @Test func `truncated normal numbers stay within their bound`() {
    var random = Random(13)
    for _ in 0..<10_000 { #expect(abs(random.truncatedNormal(bound: 2)) <= 2) }
  }
}
