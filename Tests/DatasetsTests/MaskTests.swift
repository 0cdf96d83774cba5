import Datasets
import Tensors
import TestSupport
import Testing

/// Folders and tables of images with masks.
@Suite struct MaskTests {
  private func image(_ value: UInt8, width: Int = 6, height: Int = 4) throws -> [UInt8] {
    let bytes = [UInt8](repeating: value, count: width * height)
    return try PNGCoder.encode(Image(width: width, height: height, channels: 1, bytes: bytes))
  }

  /// A grey mask of the given values, 6 to a row.
  private func mask(_ values: [UInt8], width: Int = 6) throws -> [UInt8] {
    try PNGCoder.encode(
      Image(width: width, height: values.count / width, channels: 1, bytes: values))
  }

  private func filled(_ value: UInt8, from start: Int = 12) -> [UInt8] {
    (0..<24).map { $0 < start ? 0 : value }
  }

  @Test func `a palette's positions are the classes, whatever the colours`() throws {
    let folder = try TemporaryFolder()
    let indices: [UInt8] = filled(1, from: 18).enumerated().map { $0 < 3 ? 2 : $1 }
    let bytes = try PNGCoder.encode(
      indices: indices, width: 6, height: 4, palette: [(9, 9, 9), (255, 0, 0), (255, 0, 0)])
    try folder.write(bytes, to: "train/masks/a.png")
    try folder.write(try image(7), to: "train/images/a.png")
    let images = try MaskFolder.read(folder.path)
    let labels = try #require(images.masks)
    #expect(labels.classes.names == ["background", "1", "2"])
    #expect(labels.strata == [[1, 2]])
    let found = try #require(images.samples[0].mask).joined(labels.classes)
    #expect(found.classes == indices.map(Int16.init))
  }

  @Test func `0 and any other value are background and foreground, and nothing is ignored then`() throws {
    for value in [UInt8(1), 255] {
      let folder = try TemporaryFolder()
      try folder.write(try mask(filled(value)), to: "masks/a.png")
      try folder.write(try image(7), to: "images/a.png")
      let read = try MaskFolder.read(folder.path)
      let classes = try #require(read.masks).classes
      #expect(classes.names == ["background", "foreground"])
      #expect(classes.values == [0, Int(value)])
      #expect(classes.ignored == nil)
    }
  }

  @Test func `255 beside other values counts nowhere, and --mask-classes names values`() throws {
    let folder = try TemporaryFolder()
    try folder.write(try mask(filled(1).enumerated().map { $0 == 23 ? 255 : $1 }), to: "masks/a.png")
    try folder.write(try image(7), to: "images/a.png")
    let read = try MaskFolder.read(folder.path)
    let classes = try #require(read.masks).classes
    #expect(classes.text == "background=0,1=1,ignore=255")
    let named = try MaskFolder.read(
      folder.path, classes: try MaskClasses(parsing: "skin=0, lesion=1,ignore=255"))
    #expect(named.masks?.classes.names == ["skin", "lesion"])
    let error = try #require(throws: DatasetError.self) {
      try MaskFolder.read(folder.path, classes: try MaskClasses(parsing: "skin=0,lesion=1"))
    }
    #expect(error.message.contains("values outside the classes skin=0,lesion=1: 255 (1 pixel)"))
    #expect(error.hint?.contains("ignore=VALUE") == true)
  }

  @Test func `several masks of an image are joined, and pixels of several classes are counted`() throws {
    let folder = try TemporaryFolder()
    try folder.write(try image(7), to: "images/x.png")
    try folder.write(try mask(filled(1)), to: "masks/x_mask.png")
    try folder.write(try mask(filled(2, from: 20)), to: "masks/x_mask_1.png")
    let images = try MaskFolder.read(folder.path)
    let labels = try #require(images.masks)
    let found = try #require(images.samples[0].mask).joined(labels.classes)
    #expect(found.classes == (0..<24).map { $0 < 12 ? 0 : $0 < 20 ? 1 : 2 })
    #expect(
      images.notes.map(\.message).contains { $0.contains("4 pixels in 1 image are of several classes") })
  }

  @Test func `folders of classes name the classes of masks`() throws {
    let folder = try TemporaryFolder()
    try folder.write(try image(7), to: "images/x.png")
    try folder.write(try mask(filled(255)), to: "masks/tumour/x.png")
    try folder.write(try mask(filled(255, from: 22)), to: "masks/cyst/x.png")
    let images = try MaskFolder.read(folder.path)
    let labels = try #require(images.masks)
    #expect(labels.classes.names == ["background", "cyst", "tumour"])
    #expect(labels.strata == [[1, 2]])
    let found = try #require(images.samples[0].mask).joined(labels.classes)
    #expect(found.classes == (0..<24).map { $0 < 12 ? 0 : 2 })
  }

  @Test func `images without masks, masks without images and masks of another size are named`() throws {
    let folder = try TemporaryFolder()
    for name in ["a", "b"] { try folder.write(try image(7), to: "images/\(name).png") }
    try folder.write(try mask(filled(1)), to: "masks/a.png")
    try folder.write(try mask(filled(1)), to: "masks/c.png")
    let error = try #require(throws: DatasetError.self) { try MaskFolder.read(folder.path) }
    #expect(error.details.count == 2)
    #expect(error.details.contains { $0.contains("masks/c.png': no image has this mask's name") })
    #expect(error.details.contains { $0.contains("images/b.png': the image has no mask") })

    let other = try TemporaryFolder()
    try other.write(try image(7), to: "images/a.png")
    try other.write(try mask([0, 1, 0, 1], width: 2), to: "masks/a.png")
    let images = try MaskFolder.read(other.path)
    let size = try #require(throws: DatasetError.self) { try images.verifyReadable(threads: 1) }
    #expect(size.message.contains("the image is 6×4 pixels, its mask"))
    #expect(size.message.contains("2×2") && size.hint?.contains("the size of its image") == true)
  }

  @Test func `a mask in colour, an empty one and masks of one value are refused`() throws {
    let folder = try TemporaryFolder()
    try folder.write(try image(7), to: "images/a.png")
    let colours = Image(width: 6, height: 4, channels: 3, bytes: (0..<72).map { UInt8($0) })
    try folder.write(try PNGCoder.encode(colours), to: "masks/a.png")
    let error = try #require(throws: DatasetError.self) { try MaskFolder.read(folder.path) }
    #expect(error.message.contains("the mask is in colour (0 1 2)"))
    try folder.write(try mask(filled(0)), to: "masks/a.png")
    let single = try #require(throws: DatasetError.self) { try MaskFolder.read(folder.path) }
    #expect(single.message.contains("every pixel of the masks has the value 0"))
  }

  @Test func `a table lists masks, several rows being several masks, and a split table is read again`() throws
  {
    let folder = try TemporaryFolder()
    for name in ["a", "b"] { try folder.write(try image(7), to: "\(name).png") }
    try folder.write(try mask(filled(1)), to: "m1.png")
    try folder.write(try mask(filled(2, from: 20)), to: "m2.png")
    try folder.write(
      Array(
        "image,mask,split,group\na.png,m1.png,train,p1\na.png,m2.png,train,p1\nb.png,m1.png,test,p2\n".utf8),
      to: "list.csv")
    let images = try LabelledImages.masked(
      at: folder.file("list.csv"), classes: nil, reading: ImageReading(), threads: 2)
    #expect(images.samples.map { $0.mask?.files.count } == [2, 1])
    #expect(images.samples.map(\.split) == [.train, .test])
    #expect(images.samples.map(\.group) == ["p1", "p2"])
    #expect(images.classes == ["1", "1 + 2"])
    try folder.write(Array(images.splitTable(relativeTo: folder.path).utf8), to: "split.csv")
    let again = try LabelledImages.masked(
      at: folder.file("split.csv"), classes: nil, reading: ImageReading(), threads: 1)
    #expect(again.samples.map(\.mask) == images.samples.map(\.mask))
    #expect(again.samples.map(\.split) == images.samples.map(\.split))
  }

  @Test func `a mask follows its image through crop and mirroring, by the nearest pixel`() throws {
    let folder = try TemporaryFolder()
    // An image whose brightness is its mask: what the network sees tells what the target must be.
    let values: [UInt8] = (0..<24 * 18).map { ($0 / 24 / 3 + $0 % 24 / 4) % 2 == 0 ? 0 : 255 }
    let bytes = try PNGCoder.encode(Image(width: 24, height: 18, channels: 1, bytes: values))
    for name in ["images", "masks"] { try folder.write(bytes, to: "\(name)/a.png") }
    let images = try MaskFolder.read(folder.path)
    let preprocessing = try Preprocessing(
      resize: .exact(width: 24, height: 18), crop: 12, interpolation: .nearest, mean: [0, 0, 0],
      standardDeviation: [1, 1, 1])
    var options = BatchLoader.Options()
    options.augmentation = .standard
    options.batchSize = 1
    let loader = BatchLoader(
      images.samples, preprocessing: preprocessing, targets: MaskTargets(try #require(images.masks).classes),
      options: options)
    var seen: Set<[Int32]> = []
    for epoch in 0..<12 {
      loader.start(epoch: epoch)
      let batch = try #require(try loader.next())
      let pixels = batch.images.elements(of: Float.self).prefix(144).map { $0 > 0.5 ? Int32(1) : 0 }
      let target = try #require(batch.targets).elements(of: Int32.self)
      #expect(target == pixels)
      seen.insert(target)
    }
    #expect(seen.count > 3)
  }

  @Test func `a third of the crops is centred on the foreground`() throws {
    let folder = try TemporaryFolder()
    // One pixel in the corner, which few random crops of a ninth of the image would show.
    let values: [UInt8] = (0..<900).map { $0 == 0 ? 1 : 0 }
    try folder.write(try mask(values, width: 30), to: "masks/a.png")
    try folder.write(try image(7, width: 30, height: 30), to: "images/a.png")
    let images = try MaskFolder.read(folder.path)
    let preprocessing = try Preprocessing(resize: .exact(width: 30, height: 30), crop: 10)
    var options = BatchLoader.Options()
    options.augmentation = .crop
    options.batchSize = 1
    let loader = BatchLoader(
      images.samples, preprocessing: preprocessing, targets: MaskTargets(try #require(images.masks).classes),
      options: options)
    var hits = 0
    for epoch in 0..<300 {
      loader.start(epoch: epoch)
      let batch = try #require(try loader.next())
      let target = try #require(batch.targets).elements(of: Int32.self)
      hits += target.contains(1) ? 1 : 0
    }
    #expect((70...140).contains(hits), "\(hits) of 300")
  }

  @Test func `reading masks says how far it has come, and stops where it is told to`() throws {
    let folder = try TemporaryFolder()
    for number in 0..<5 {
      try folder.write(try mask(filled(1)), to: "masks/\(number).png")
      try folder.write(try image(UInt8(number)), to: "images/\(number).png")
    }
    var seen: [Int] = []
    func read(stops: Bool) throws -> LabelledImages {
      try LabelledImages.masked(at: folder.path, classes: nil, reading: ImageReading(), threads: 2) {
        done, all in
        seen.append(done)
        #expect((0...5).contains(done) && all == 5)
        return stops
      }
    }
    #expect(try read(stops: false).samples.count == 5)
    #expect(seen == seen.sorted() && seen.last == 5)
    let error = #expect(throws: DatasetError.self) { try read(stops: true) }
    #expect(error?.failureCode == .interrupted)
  }

  @Test func `fractions and validation are drawn by the classes in the masks`() throws {
    let folder = try TemporaryFolder()
    for number in 0..<60 {
      let value: UInt8 = number < 30 ? 1 : number < 50 ? 2 : 0
      try folder.write(try mask(filled(value)), to: "masks/\(100 + number).png")
      try folder.write(try image(UInt8(number)), to: "images/\(100 + number).png")
    }
    let images = try MaskFolder.read(folder.path)
    #expect(images.classes == ["background", "1", "2"])
    #expect(images.counts == [10, 30, 20])
    let parts = try images.split()
    #expect(parts.part(.test).counts == [2, 6, 4])
    #expect(parts.part(.test).masks == images.masks)
    #expect(try parts.part(.train).fraction(0.25, fold: 0, seed: 7).counts == [2, 6, 4])
    let taken = try parts.part(.train).takingValidation(fold: 0, seed: 7)
    #expect(taken.part(.validation).counts == [1, 2, 2])
  }
}
