import Datasets
import Tensors
import TestSupport
import Testing

@Suite struct SyntheticImagesTests {
  @Test(arguments: PhantomTask.allCases) func `an image depends on its key alone`(task: PhantomTask) throws {
    let generator = try SyntheticImages(task, side: 32, seed: 7)
    let image = generator.image(label: 1, part: .train, number: 3).image
    #expect(generator.image(label: 1, part: .train, number: 3).image == image)
    #expect(generator.image(label: 1, part: .train, number: 4).image != image)
    #expect(generator.image(label: 1, part: .test, number: 3).image != image)
    #expect(generator.image(label: 0, part: .train, number: 3).image != image)
    #expect(
      try SyntheticImages(task, side: 32, seed: 8).image(label: 1, part: .train, number: 3).image != image)
  }

  @Test func `masks mark the lesions with their class and nothing in normal tissue`() throws {
    let generator = try SyntheticImages(.lesions, side: 64)
    for (label, value) in [(0, UInt8(1)), (1, 2)] {
      for number in 0..<10 {
        let (image, mask) = generator.image(label: label, part: .train, number: number)
        let marked = mask.count { $0 == value }
        #expect(mask.allSatisfy { $0 == 0 || $0 == value })
        #expect((20..<1200).contains(marked), "\(marked) pixels")
        guard case .bytes(let pixels) = image.samples else { continue }
        #expect(pixels.contains { $0 < 60 } && pixels.contains { $0 > 160 }, "the range of grey is used")
      }
    }
    #expect(generator.image(label: 2, part: .train, number: 0).mask.allSatisfy { $0 == 0 })
  }

  @Test func `lesions are darker than what surrounds them on average, and overlap between images`() throws {
    let generator = try SyntheticImages(.lesions, side: 64)
    var differences: [Double] = []
    for number in 0..<30 {
      let (image, mask) = generator.image(label: number % 2, part: .train, number: number)
      guard case .bytes(let pixels) = image.samples else { continue }
      let inside = zip(pixels, mask).filter { $0.1 != 0 }.map { Double($0.0) }
      let outside = zip(pixels, mask).filter { $0.1 == 0 }.map { Double($0.0) }
      differences.append(
        outside.reduce(0, +) / Double(outside.count) - inside.reduce(0, +) / Double(inside.count))
    }
    let mean = differences.reduce(0, +) / Double(differences.count)
    #expect(mean > 15 && (differences.min() ?? 99) < 15, "mean difference \(mean)")
  }
}
