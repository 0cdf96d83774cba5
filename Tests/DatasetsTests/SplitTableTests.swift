import Datasets
import TestSupport
import Testing

@Suite struct SplitTableTests {
  @Test func `a division is written and read back from another folder`() throws {
    let folder = try TemporaryFolder()
    for file in ["data/a,\"1\"/1.png", "data/a,\"1\"/2.png", "data/b/3.png"] {
      try folder.write("x", to: file)
    }
    var images = try ImageFolder.read(folder.file("data/"))
    images.samples[0].split = .train
    images.samples[2].split = .test
    let text = images.splitTable(relativeTo: folder.file("data"))
    #expect(
      text.split(separator: "\n") == [
        "file,part,class,group", #""a,""1""/1.png",train,"a,""1""","#,
        #""a,""1""/2.png",unused,"a,""1""","#, "b/3.png,test,b,",
      ])
    let list = try folder.write(text, to: "run/split.csv")
    let read = try CSVManifest.read(list, root: folder.file("data"))
    #expect(read.classes == images.classes && read.samples.map(\.index) == [0, 2])
    #expect(read.samples.map(\.split) == [.train, .test])
    #expect(read.samples.map(\.path) == [folder.file("data/a,\"1\"/1.png"), folder.file("data/b/3.png")])
  }

  @Test(arguments: [
    ("/elsewhere/1.png", "/data", "/elsewhere/1.png"), ("/data/a/1.png", "/data//", "a/1.png"),
    ("/database/1.png", "/data", "/database/1.png"), ("./a/1.png", ".", "a/1.png"),
    ("a/1.png", "", "a/1.png"),
    ("/a/1.png", "/", "a/1.png"),
  ])
  func `files in the root are relative to it, others absolute`(path: String, root: String, listed: String) {
    let samples = [Sample(path: path, label: 0, split: .test, group: "p 1", index: 0)]
    let images = LabelledImages(classes: ["a"], samples: samples)
    #expect(images.splitTable(relativeTo: root) == "file,part,class,group\n\(listed),test,a,p 1\n")
  }

  @Test func `files of a table are relative to its folder`() throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "data/a/1.png")
    let list = try folder.write("file,class,group\na/1.png,a,p\n", to: "data/list.csv")
    let root = LabelledImages.root(ofData: list)
    #expect(
      try CSVManifest.read(list).splitTable(relativeTo: root) == "file,part,class,group\na/1.png,,a,p\n")
    #expect(LabelledImages.root(ofData: folder.file("data")) == folder.file("data"))
  }
}
