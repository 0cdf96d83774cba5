import Datasets
import Foundation
import Runs
import TensorFiles
import Tensors
import TestSupport
import Testing

@Suite struct SyntheticFolderTests {
  @Test func `a written folder reads back as folder and as manifest`() throws {
    let folder = try TemporaryFolder()
    let generator = try SyntheticImages(.lesions, side: 32)
    try generator.writeFolder(folder.path + "/deep/set", trainPerClass: 3, testPerClass: 2)
    let images = try ImageFolder.read(folder.path + "/deep/set")
    #expect(images.classes == ["benign", "malignant", "normal"])
    #expect(images.part(.train).counts == [3, 3, 3] && images.part(.test).counts == [2, 2, 2])
    let manifest = try CSVManifest.read(folder.path + "/deep/set/index.csv")
    #expect(manifest.classes == images.classes && manifest.counts == images.counts)
    try images.verifyReadable(threads: 2)
    let first = generator.image(label: 0, part: .train, number: 1)
    #expect(try ImageFile.read(folder.path + "/deep/set/train/benign/benign_0001.png") == first.image)
    let mask = try ImageFile.read(folder.path + "/deep/set/masks/train/benign/benign_0001.png")
    #expect(mask.channels == 3 && mask.width == 32)
  }

  @Test func `a folder that cannot be made is an error with the system's reason`() throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "file")
    let generator = try SyntheticImages(.textures, side: 16)
    let error = try #require(throws: FileError.self) {
      try generator.writeFolder(folder.path + "/file/set", trainPerClass: 1, testPerClass: 0)
    }
    #expect(error.failureCode == .workFailed && error.message.contains("cannot be written: "))
  }

  @Test func `images that exist already are replaced by force only, before any is drawn`() throws {
    let folder = try TemporaryFolder()
    let generator = try SyntheticImages(.lesions, side: 16)
    try folder.write("mine", to: "test/normal/normal_0001.png")
    let error = try #require(throws: FileError.self) {
      try generator.writeFolder(folder.path, trainPerClass: 1, testPerClass: 1)
    }
    #expect(error.failureCode == .usage && error.hint?.contains("--force") == true)
    #expect(folder.names == ["test"])
    #expect(try folder.text("test/normal/normal_0001.png") == "mine")
    try generator.writeFolder(folder.path, trainPerClass: 1, testPerClass: 1, isForced: true)
    #expect(try folder.text("test/normal/normal_0001.png") != "mine")
    #expect(try ImageFolder.read(folder.path).part(.test).counts == [1, 1, 1])
  }
}
