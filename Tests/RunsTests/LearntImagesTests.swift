import Datasets
import Graphs
import Runs
import Testing

@Suite struct LearntImagesTests {
  private typealias Entry = (hash: String, frame: String, part: Split?)

  /// The SHA-256 of a file that does not exist: its number and zeros.
  private func hash(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits + String(repeating: "0", count: 48)
  }

  private func model(_ learnt: LearntImages...) -> ModelDescription {
    var model = ModelDescription(irVersion: 8, operatorSets: [], graph: Graph(name: ""))
    for images in learnt { images.describe(&model) }
    return model
  }

  @Test func `metadata hold the start of each digest, sorted, with the frame behind it`() {
    let images: [Entry] = [
      (hash(255), "#2", .train), (hash(7), "", .train), (hash(9), "", .validation), (hash(8), "", .test),
      (hash(7), "", .train), (hash(7), "", .validation), (hash(1), "", nil),
    ]
    let metadata = model(LearntImages(images)).metadata
    #expect(metadata.map(\.key) == ["dka.trained_images", "dka.validation_images"])
    #expect(metadata.map(\.value) == ["0000000000000007 00000000000000ff#2", "0000000000000009"])
    #expect(LearntImages(metadata) == LearntImages(images))
    #expect(LearntImages([]) == nil)
  }

  @Test func `a model that is trained again keeps the images of before`() {
    let before: [Entry] = [(hash(1), "", .train), (hash(2), "", .validation)]
    let after: [Entry] = [(hash(2), "", .train), (hash(3), "", .validation)]
    let metadata = model(LearntImages(before), LearntImages(after)).metadata
    #expect(metadata.map(\.value) == ["0000000000000001 0000000000000002", "0000000000000003"])
  }

  @Test(arguments: [(5882, true), (5883, false)])
  func `lists of more than 100,000 bytes are left out, also those of before`(count: Int, isWritten: Bool) {
    let many = LearntImages((0..<count).map { (hash: hash($0), frame: "", part: .train) })
    let first = LearntImages([(hash: hash(0), frame: "", part: .train)])
    #expect(model(first, many).metadata.isEmpty != isWritten)
  }
}
