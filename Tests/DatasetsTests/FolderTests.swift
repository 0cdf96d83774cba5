import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct FolderTests {
  @Test func `parts, classes and nested files are found in byte order, the rest is listed as ignored`() throws
  {
    let folder = try TemporaryFolder()
    for file in [
      "train/b/2.PNG", "train/b/1.jpg", "train/a/deep/x.Jpeg", "train/B/1.png", "test/a/1.png",
      "test/b/1.png",
      "test/B/1.png", "train/a/notes.txt", "train/.hidden/1.png", "train/a/.1.png", "index.csv",
      "masks/a/1.png",
    ] { try folder.write("x", to: file) }
    let images = try ImageFolder.read(folder.path)
    #expect(images.classes == ["B", "a", "b"])
    let found = images.samples.map {
      "\($0.path.dropFirst(folder.path.count + 1)) \($0.label) \($0.split?.rawValue ?? "-")"
    }
    #expect(
      found == [
        "train/B/1.png 0 train", "train/a/deep/x.Jpeg 1 train", "train/b/1.jpg 2 train",
        "train/b/2.PNG 2 train",
        "test/B/1.png 0 test", "test/a/1.png 1 test", "test/b/1.png 2 test",
      ])
    #expect(images.samples.map(\.index) == Array(0..<7))
    #expect(images.ignored == ["masks/", "index.csv", "train/a/notes.txt"])
  }

  @Test func `a folder without parts has classes only`() throws {
    let folder = try TemporaryFolder()
    for file in ["cat/1.png", "dog/1.jpg"] { try folder.write("x", to: file) }
    let images = try ImageFolder.read(folder.path)
    #expect(images.classes == ["cat", "dog"] && !images.hasSplit && images.counts == [1, 1])
  }

  @Test func `missing folders, empty classes and empty folders are named`() throws {
    let folder = try TemporaryFolder()
    let missing = try #require(throws: DatasetError.self) { try ImageFolder.read(folder.path + "/none") }
    #expect(missing.failureCode == .missingInput)
    let nothing = try #require(throws: DatasetError.self) { try ImageFolder.read(folder.path) }
    #expect(nothing.failureCode == .badData && nothing.message.contains("no class folders"))
    try folder.write("x", to: "cat/1.png")
    try folder.write("x", to: "dog/readme.txt")
    let empty = try #require(throws: DatasetError.self) { try ImageFolder.read(folder.path) }
    #expect(empty.message.hasSuffix("no image of class 'dog'"))
    let other = try TemporaryFolder()
    for file in ["train/a/1.png", "test/a/1.png", "test/b/1.png"] { try other.write("x", to: file) }
    let untrained = try #require(throws: DatasetError.self) { try ImageFolder.read(other.path) }
    #expect(untrained.message.contains("/train': no image of class 'b'"))
  }

  @Test func `manifests with names, quotes, a byte order mark and CRLF are read`() throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "a b.png")
    try folder.write("x", to: "sub/c,\"d.jpg")
    let text = "\u{FEFF}split,file,class\r\ntrain,a b.png,dog\r\n\r\nTEST,\"sub/c,\"\"d.jpg\",\"a\ncat\""
    let images = try CSVManifest.read(try folder.write(text, to: "index.csv"))
    #expect(images.classes == ["a\ncat", "dog"])
    #expect(images.samples.map(\.label) == [1, 0] && images.samples.map(\.split) == [.train, .test])
    #expect(images.samples[1].path == folder.path + "/sub/c,\"d.jpg")
  }

  @Test func `class numbers are the model's and keep their names`() throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "1.jpg")
    let path = try folder.write("file,class_index,wnid,name\n1.jpg,2,n01,shark\n", to: "labels.csv")
    let images = try CSVManifest.read(path, classCount: 5)
    #expect(images.classes == ["0", "1", "shark", "3", "4"] && images.samples[0].label == 2)
    #expect(images.isNumbered && images.part(.test).isNumbered)
    let error = try #require(throws: DatasetError.self) { try CSVManifest.read(path, classCount: 2) }
    #expect(error.message.contains("line 2: class_index '2' is not a number within 0 … 1"))
  }

  @Test(arguments: [
    ("file,class\n1.jpg\n", "line 2 has 1 fields, the header has 2"),
    ("file\n1.jpg\n", "neither a column 'class'"),
    ("class\nx\n", "no column 'file'"), ("", "the table is empty"), ("file,class\n", "no images listed"),
    ("file,class\n1.jpg,a\nnone.jpg,a\n", "line 3: 'none.jpg' does not exist"),
    ("file,class\n1.jpg,\n", "line 2: no class"), ("file,class\n\"1.jpg,a\n", "never closed"),
    ("file,class,split\n1.jpg,a,holdout\n", "split 'holdout'"),
    ("file,class,split\n1.jpg,a,train\n1.jpg,a,\n", "1 of 2 rows have no part in column 'split' (line 3)"),
    (
      "file,class_index\n1.jpg,1\n1.jpg,2\n",
      "class_index 0 never occurs, the largest is 2; counting starts at 0"
    ),
    (
      "file,class_index,name\n1.jpg,0,a\n1.jpg,0,b\n",
      "line 3: class_index 0 is named 'b', and 'a' further up"
    ),
    ("image,path,class\n1.jpg,1.jpg,a\n", "the columns 'image' and 'path' could both be meant"),
    ("file,Class,class\n1.jpg,a,a\n", "the columns 'Class' and 'class' could both be meant"),
    ("file,class\n1.jpg,a\0\n", "the file holds zero bytes"),
    ("file,class,split\n1.jpg,a,unused\n", "all images are marked unused"),
    ("file,class_index\n1.jpg,99999999999999999999\n", "is not a number within"),
    ("file,class_index\n1.jpg,-1\n", "class_index '-1'"),
  ])
  func `bad manifests are refused with the line`(text: String, reason: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "1.jpg")
    let path = try folder.write(text, to: "index.csv")
    let error = try #require(throws: DatasetError.self) { try CSVManifest.read(path) }
    #expect(error.failureCode == .badData && error.message.contains(reason), "\(error.message)")
  }

  @Test func `reading images is interrupted`() throws {
    let folder = try TemporaryFolder()
    try folder.write("hello", to: "a/text.jpg")
    let images = try ImageFolder.read(folder.path)
    let error = try #require(throws: DatasetError.self) {
      try images.verifyReadable(threads: 2) { _, _ in true }
    }
    #expect(error.failureCode == .interrupted)
  }

  @Test func `all unreadable images are reported at once`() throws {
    let folder = try TemporaryFolder()
    let good = try PNGCoder.encode(Image(width: 2, height: 2, channels: 1, bytes: [1, 2, 3, 4]))
    for number in 0..<20 { try folder.write(good, to: "a/good\(number).png") }
    try folder.write([], to: "a/empty.png")
    try folder.write(Array(good.prefix(good.count - 20)), to: "a/short.png")
    try folder.write("hello", to: "a/text.jpg")
    let images = try ImageFolder.read(folder.path)
    for threads in [1, 4] {
      let error = try #require(throws: DatasetError.self) { try images.verifyReadable(threads: threads) }
      #expect(error.failureCode == .badData && error.message == "3 of 23 images cannot be read")
      try #require(error.details.count == 3)
      #expect(error.details[0].contains("empty.png': the file is empty"))
      #expect(error.details[1].contains("short.png': cannot be decoded"))
      #expect(error.details[2].contains("text.jpg': neither PNG, JPEG"))
      #expect(error.hint == "replace or remove these files")
    }
  }

  @Test func `what helps against one file is said as for several`() throws {
    let folder = try TemporaryFolder()
    try folder.write("hello", to: "a/text.jpg")
    let images = try ImageFolder.read(folder.path)
    let unreadable = try #require(throws: DatasetError.self) { try images.verifyReadable(threads: 1) }
    #expect(unreadable.hint == "replace or remove this file" && unreadable.details.isEmpty)
    try FileManager.default.removeItem(atPath: folder.file("a/text.jpg"))
    let missing = try #require(throws: DatasetError.self) { try images.verifyReadable(threads: 1) }
    #expect(missing.failureCode == .missingInput)
    #expect(missing.hint == "check the name and that the file can be opened")
  }
}
