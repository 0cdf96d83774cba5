import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

/// Folders as public data sets have them.
@Suite struct FolderLayoutTests {
  private func folder(_ files: String...) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for file in files { try folder.write("x", to: file) }
    return folder
  }

  private func refusal(_ folder: TemporaryFolder) throws -> DatasetError {
    try #require(throws: DatasetError.self) { try ImageFolder.read(folder.path) }
  }

  @Test(arguments: [
    ("Training", "Testing", "dev"), ("train_set", "test_set", "val_set"),
    ("Train_Images", "TestImages", "Valid"),
    ("TRAIN", "test data", "Validation-Set"),
  ])
  func `parts are recognised by their usual names, and how they were read is said`(
    train: String, test: String, validation: String
  ) throws {
    let folder = try folder(
      "\(train)/a/1.png", "\(train)/b/1.png", "\(test)/a/1.png", "\(validation)/b/1.png")
    let images = try ImageFolder.read(folder.path)
    #expect(images.classes == ["a", "b"])
    #expect(images.samples.map(\.split) == [.train, .train, .validation, .test])
    let note = try #require(images.notes.first)
    #expect(images.notes.count == 1 && note.severity == .note)
    #expect(note.message.contains("'\(train)' as train") && note.message.contains("'\(test)' as test"))
  }

  @Test func `parts mixed with classes are refused by name`() throws {
    let error = try refusal(folder("train/a/1.png", "train/b/1.png", "malignant/x/1.png"))
    #expect(error.message.hasSuffix("'train' would be parts, 'malignant' classes"))
    let flat = try refusal(folder("bus/1.png", "train/1.png"))
    #expect(flat.message.hasSuffix("'train' would be parts, 'bus' classes"))
  }

  @Test func `two folders for one part are refused by name`() throws {
    let error = try refusal(folder("train/a/1.png", "Training/b/1.png"))
    #expect(error.message.hasSuffix("'Training' and 'train' would both be the train part"))
  }

  @Test func `a part without class folders is refused`() throws {
    let error = try refusal(folder("train/1.png", "test/1.png"))
    #expect(error.message.hasSuffix("no class folders found in 'test', 'train'"))
  }

  @Test func `a folder around the data set is refused with the one to give`() throws {
    let folder = try folder("set/train/a/1.png", "set/train/b/1.png", "set/test/a/1.png")
    let error = try refusal(folder)
    #expect(error.message.contains("one class ('set'), nothing to tell apart"))
    #expect(error.hint == "give '\(folder.path)/set'")
  }

  @Test func `parts inside classes are refused`() throws {
    let error = try refusal(folder("a/train/1.png", "a/test/1.png", "b/train/1.png"))
    #expect(error.message.contains("the class folder 'a' holds parts (test, train)"))
  }

  @Test func `one class is refused where models are to be trained`() throws {
    let folder = try folder("set/a/1.png", "set/b/1.png")
    let images = try ImageFolder.read(folder.path)
    let error = try #require(throws: DatasetError.self) { try images.requireSeveralClasses(source: "x") }
    #expect(error.failureCode == .badData && error.message == "'x': one class ('set'), nothing to tell apart")
    #expect(error.hint == "give '\(folder.path)/set' if its folders are the classes")
  }

  @Test func `images and masks beside each other are no classes`() throws {
    let error = try refusal(folder("train/images/1.png", "train/masks/1.png"))
    #expect(error.message.contains("'images', 'masks' are the folders of a segmentation"))
  }

  @Test func `images in other formats are counted by kind, and JFIF is JPEG`() throws {
    let folder = try folder("a/1.png", "a/2.HEIC", "a/3.heic", "b/4.jfif", "b/5.webp", "b/6.nrrd", "c.gif")
    let images = try ImageFolder.read(folder.path + "/")
    #expect(images.samples.count == 2)
    let names = "PNG, JPEG, DICOM, NIfTI, TIFF and BMP"
    #expect(
      images.notes.map(\.message) == [
        "1 .gif file passed over, only \(names) are read: 'c.gif'",
        "2 .heic files passed over, only \(names) are read: 'a/2.HEIC', 'a/3.heic'",
        "1 .nrrd file passed over, only \(names) are read: 'b/6.nrrd'",
        "1 .webp file passed over, only \(names) are read: 'b/5.webp'",
      ])
  }

  @Test func `a class of files in another format is refused with what to do`() throws {
    let error = try refusal(folder("a/1.png", "b/1.webp"))
    #expect(error.message.contains("no image of class 'b'; 1 .webp file passed over"))
    #expect(error.hint == "convert them to PNG")
  }

  @Test func `images outside class folders are counted`() throws {
    let folder = try folder("train/a/1.png", "train/b/1.png", "train/2.png", "test/a/1.png", "3.png")
    let messages = try ImageFolder.read(folder.path).notes.map(\.message)
    #expect(messages == ["2 images outside the class folders passed over: '3.png', 'train/2.png'"])
  }

  @Test(arguments: [
    ["a/1.png", "a/1_mask.png", "b/2.png", "b/2_mask_1.png"],
    ["a/1.png", "a/masks/1.png", "b/1.png", "b/masks/2.png"],
  ])
  func `masks among the images are counted`(files: [String]) throws {
    let folder = try TemporaryFolder()
    for file in files { try folder.write("x", to: file) }
    let notes = try ImageFolder.read(folder.path).notes
    #expect(notes.map(\.severity) == [.warning])
    #expect(notes[0].message.hasPrefix("2 of 4 images are named as masks"))
  }

  @Test func `a class that is called after masks is none`() throws {
    let folder = try folder("with_mask/with_mask_1.png", "without_mask/without_mask_1.png")
    #expect(try ImageFolder.read(folder.path).notes.isEmpty)
  }

  @Test func `a class in two Unicode forms or with blanks around its name is one`() throws {
    let folder = try folder(
      "train/caf\u{E9}/1.png", "test/cafe\u{301}/1.png", "train/b/1.png", "test/b /1.png")
    let images = try ImageFolder.read(folder.path)
    #expect(images.classes == ["b", "caf\u{E9}"] && images.part(.test).counts == [1, 1])
  }

  @Test func `names that are not UTF-8 and links to nowhere are named, all at once`() throws {
    let folder = try folder("a/1.png", "b/1.png")
    let manager = FileManager.default
    for link in ["a/gone.png", "b/notes.txt"] {
      try manager.createSymbolicLink(atPath: folder.file(link), withDestinationPath: "/nowhere/at/all")
    }
    let name = Array(folder.file("b/caf").utf8) + [0xE9] + Array(".png".utf8) + [0]
    let descriptor = unsafe name.withUnsafeBytes { bytes in
      unsafe open(bytes.assumingMemoryBound(to: CChar.self).baseAddress!, O_CREAT | O_WRONLY, 0o644)
    }
    try #require(descriptor >= 0)
    close(descriptor)
    let error = try refusal(folder)
    #expect(error.failureCode == .badData && error.message.hasPrefix("2 entries of"))
    #expect(error.details[0].hasSuffix("/a/gone.png': a link to nowhere"))
    #expect(error.details[1].hasSuffix("/b/caf\\xE9.png': the name is not UTF-8"))
  }

  @Test func `links in circles are refused, however many there are`() throws {
    let folder = try folder("a/1.png", "b/1.png")
    for link in ["a/up", "a/back", "a/again"] {
      try FileManager.default.createSymbolicLink(atPath: folder.file(link), withDestinationPath: "../a")
    }
    #expect(try refusal(folder).message.contains("deeper than 32 levels"))
  }

  @Test(arguments: [
    ("seg_train", "seg_test"), ("imagesTr", "imagesTs"), ("X_train", "X_test"), ("01_train", "02_test"),
    ("train_256", "test_256"), ("Trainingsdaten", "Testdaten"),
  ])
  func `folders with the word of a part somewhere are parts where both hold the same classes`(
    train: String, test: String
  ) throws {
    let files = ["a", "b"].flatMap { ["\(train)/\($0)/1.png", "\(test)/\($0)/1.png"] }
    let folder = try TemporaryFolder()
    for file in files { try folder.write("x", to: file) }
    let images = try ImageFolder.read(folder.path)
    #expect(images.classes == ["a", "b"])
    #expect(images.samples.map(\.split) == [.train, .train, .test, .test])
    #expect(images.notes.first?.message.contains("'\(train)' as train") ?? false)
  }

  @Test func `folders with such words that do not hold the same classes are classes`() throws {
    let folder = try folder("trainers/left/1.png", "contest/right/1.png")
    let images = try ImageFolder.read(folder.path)
    #expect(images.classes == ["contest", "trainers"])
    #expect(images.samples.allSatisfy { $0.split == nil })
  }
}
