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

  @Test func `files outside the root are absolute`() throws {
    let samples = [Sample(path: "/elsewhere/1.png", label: 0, split: .test, group: "p 1", index: 0)]
    let images = LabelledImages(classes: ["a"], samples: samples)
    #expect(
      images.splitTable(relativeTo: "/data") == "file,part,class,group\n/elsewhere/1.png,test,a,p 1\n")
  }
}
