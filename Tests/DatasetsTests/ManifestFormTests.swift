import Datasets
import Foundation
import TestSupport
import Testing

/// Forms in which spreadsheets and scripts write the same list.
@Suite struct ManifestFormTests {
  /// A list of `a/1.png`, called a and training, and `b/2.png`, called b and chosen for validation.
  private func images(_ text: [UInt8], named name: String = "list.csv") throws -> LabelledImages {
    let folder = try TemporaryFolder()
    for file in ["a/1.png", "b/2.png"] { try folder.write("x", to: file) }
    let path = try folder.write(text, to: name)
    #expect(CSVManifest.isTable(path))
    return try CSVManifest.read(path)
  }

  @Test(arguments: [
    "file,class,split\na/1.png,a,train\nb/2.png,b,validation\n",
    "file;class;split\na/1.png;a;train\nb/2.png;b;validation\n",
    "file\tclass\tsplit\na/1.png\ta\ttrain\nb/2.png\tb\tvalidation\n",
    "sep=;\r\nfile;class;split\r\na/1.png;a;train\r\nb/2.png;b;validation\r\n",
    "file , class,split \na/1.png,a ,train\n b/2.png,\tb, validation\n",
    "File,CLASS,Split\na/1.png,a,Training\nb/2.png,b,VAL\n",
    "Set,Path,Label\ntrain,a\\1.png,a\ndev,b\\2.png,b\n",
    "filename,part,class,,\na/1.png,train_set,a,,\n,,,,\nb/2.png,valid,b,,\n",
    "image, class, split\n\"a/1.png\", \"a\", \"train\"\n\"b/2.png\", \"b \", \"val\"\n",
  ])
  func `separators, capitals, blanks, backslashes and usual words for parts change nothing`(text: String)
    throws
  {
    let images = try images(Array(text.utf8))
    #expect(images.classes == ["a", "b"] && images.samples.map(\.label) == [0, 1])
    #expect(images.samples.map(\.split) == [.train, .validation])
    #expect(images.samples.map { String($0.path.suffix(7)) } == ["a/1.png", "b/2.png"])
  }

  @Test(arguments: [String.Encoding.utf16LittleEndian, .utf16BigEndian])
  func `UTF-16 with a byte order mark is read`(encoding: String.Encoding) throws {
    let text = "\u{FEFF}file\tclass\r\na/1.png\tgutartig ä\r\nb/2.png\tb\r\n"
    let images = try images([UInt8](#require(text.data(using: encoding))), named: "list.tsv")
    #expect(images.classes == ["b", "gutartig ä"])
  }

  @Test func `UTF-16 that ends in the middle is refused`() throws {
    let text = try #require("\u{FEFF}file,class\na/1.png,a\n".data(using: .utf16LittleEndian))
    let error = try #require(throws: DatasetError.self) { try images([UInt8](text.dropLast())) }
    #expect(error.message.hasSuffix("damaged UTF-16"))
  }

  @Test func `a name in two Unicode forms is one class`() throws {
    let images = try images(Array("file,class\na/1.png,caf\u{E9}\nb/2.png,cafe\u{301}\n".utf8))
    #expect(images.classes.count == 1 && Array(images.classes[0].utf8) == Array("caf\u{E9}".utf8))
  }

  @Test(arguments: [("e\u{301}", "\u{E9}"), ("\u{E9}", "e\u{301}")])
  func `a file is found under the other Unicode form of its name`(stored: String, listed: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "d\(stored)/\(stored).png")
    let list = try folder.write("file,class\nd\(listed)/\(listed).png,a\n", to: "list.csv")
    let path = try CSVManifest.read(list).samples[0].path
    #expect(Array(path.utf8) == Array("\(folder.path)/d\(stored)/\(stored).png".utf8))
  }

  @Test func `blanks of a file's own name are kept where it has some`() throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: " 1.png")
    let list = try folder.write("file,class\n 1.png,a\n", to: "list.csv")
    #expect(try CSVManifest.read(list).samples[0].path == folder.path + "/ 1.png")
  }

  @Test func `numbers without names are named by the number`() throws {
    let images = try images(Array("file,class_index\na/1.png,1\nb/2.png,0\n".utf8))
    #expect(images.classes == ["0", "1"] && images.samples.map(\.label) == [1, 0])
  }

  @Test func `groups are read, and one in two parts is said`() throws {
    let images = try images(
      Array("file,class,split,Group\na/1.png,a,train,p1\nb/2.png,b,test, p1\n".utf8))
    #expect(images.samples.map(\.group) == ["p1", "p1"])
    #expect(images.notes == [DatasetNote(.warning, "1 group has images in more than one part: 'p1'")])
  }

  @Test func `unused images are left out and the others keep their numbers`() throws {
    let images = try images(Array("file,part,class\na/1.png,unused,a\nb/2.png,train,b\n".utf8))
    #expect(images.samples.map(\.index) == [1] && images.classes == ["a", "b"])
    #expect(images.notes == [DatasetNote(.note, "1 image marked unused left out")])
  }
}
