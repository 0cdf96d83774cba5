/// What a decoding process is asked.
package struct DecodingRequest: Equatable {
  /// What is wanted of a file.
  package enum Subject: Int { case contents, image, values }

  let subject: Subject
  /// The file; relative paths are those of the process that asks.
  let path: String
  let frame: Int
  let reading: ImageReading

  var bytes: [UInt8] {
    var writer = MessageWriter()
    writer.put(subject.rawValue)
    writer.put(path)
    writer.put(frame)
    writer.put(optional: reading.window) { writer, window in
      writer.put(window.center)
      writer.put(window.width)
    }
    writer.put(reading.axis.rawValue)
    writer.put(reading.volume)
    return writer.bytes
  }

  /// A request.
  package init(_ subject: Subject, _ path: String, frame: Int, _ reading: ImageReading) {
    (self.subject, self.path, self.frame, self.reading) = (subject, path, frame, reading)
  }

  init(_ bytes: [UInt8]) throws(MessageReader.Broken) {
    var reader = MessageReader(bytes)
    guard let subject = Subject(rawValue: try reader.integer()) else { throw MessageReader.Broken() }
    let (path, frame) = (try reader.text(), try reader.integer())
    let window = try reader.optional { reader throws(MessageReader.Broken) in
      ImageReading.Window(center: try reader.double(), width: try reader.double())
    }
    guard let axis = ImageReading.Axis(rawValue: try reader.text()) else { throw MessageReader.Broken() }
    let reading = ImageReading(window: window ?? nil, axis: axis, volume: try reader.integer())
    self.init(subject, path, frame: frame, reading)
  }
}

/// What a decoding process answers.
package enum DecodingReply {
  case contents(FileContents)
  case image(Image)
  case values(StoredValues)
  /// Why there is no answer.
  case refusal(CodecError)

  var bytes: [UInt8] {
    var writer = MessageWriter()
    switch self {
    case .contents(let contents):
      writer.put(0)
      contents.put(into: &writer)
    case .image(let image):
      writer.put(1)
      for extent in [image.width, image.height, image.channels] { writer.put(extent) }
      switch image.samples {
      case .bytes(let bytes):
        writer.put(1)
        writer.put(bytes)
      case .floats(let floats):
        writer.put(4)
        writer.put(unsafe floats.withUnsafeBytes { unsafe [UInt8]($0) })
      }
    case .values(let values):
      writer.put(2)
      writer.put(values.width)
      writer.put(values.height)
      writer.put(unsafe values.values.withUnsafeBytes { unsafe [UInt8]($0) })
    case .refusal(let error):
      writer.put(3)
      writer.put(error.reason)
      writer.put(optional: error.hint) { $0.put($1) }
    }
    return writer.bytes
  }

  init(_ bytes: [UInt8]) throws(MessageReader.Broken) {
    var reader = MessageReader(bytes)
    switch try reader.integer() {
    case 0: self = .contents(try FileContents(&reader))
    case 1:
      let (width, height, channels) = (try reader.integer(), try reader.integer(), try reader.integer())
      let size = try reader.integer()
      let content = try reader.content()
      guard Image.refusal(width: width, height: height) == nil, (1...4).contains(channels),
        content.count == width * height * channels * size
      else { throw MessageReader.Broken() }
      if size == 1 {
        self = .image(Image(width: width, height: height, channels: channels, bytes: content))
      } else {
        self = .image(
          Image(width: width, height: height, channels: channels, floats: content.elements(of: Float.self)))
      }
    case 2:
      let (width, height) = (try reader.integer(), try reader.integer())
      let content = try reader.content()
      guard Image.refusal(width: width, height: height) == nil, content.count == 2 * width * height else {
        throw MessageReader.Broken()
      }
      self = .values(StoredValues(width: width, height: height, values: content.elements(of: UInt16.self)))
    case 3:
      let reason = try reader.text()
      let hint = try reader.optional { reader throws(MessageReader.Broken) in try reader.text() }
      self = .refusal(CodecError(reason: reason, hint: hint))
    default: throw MessageReader.Broken()
    }
  }
}

extension [UInt8] {
  /// Numbers in this machine's byte order.
  fileprivate func elements<Number: BitwiseCopyable>(of type: Number.Type) -> [Number] {
    let count = count / MemoryLayout<Number>.stride
    return unsafe [Number](unsafeUninitializedCapacity: count) { target, initialized in
      unsafe withUnsafeBytes { source in
        unsafe UnsafeMutableRawBufferPointer(target).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: source.prefix(count * MemoryLayout<Number>.stride)))
      }
      initialized = count
    }
  }
}

extension FileContents {
  func put(into writer: inout MessageWriter) {
    writer.put(frameCount)
    writer.put(optional: patient) { $0.put($1) }
    writer.put(optional: instance) { $0.put($1) }
    writer.put(optional: spacing) { writer, spacing in
      writer.put(spacing.rows)
      writer.put(spacing.columns)
    }
    writer.put(optional: segmentation) { writer, segmentation in
      writer.put(list: segmentation.frames) { writer, frame in
        writer.put(optional: frame) { writer, frame in
          writer.put(frame.instance)
          writer.put(frame.frame ?? -1)
          writer.put(frame.segment)
        }
      }
      writer.put(list: segmentation.segments) { writer, segment in
        writer.put(segment.number)
        writer.put(segment.label)
      }
      writer.put(list: segmentation.instances) { $0.put($1) }
      writer.put(segmentation.width)
      writer.put(segmentation.height)
    }
    writer.put(optional: volume) { $0.put($1.bytes) }
  }

  init(_ reader: inout MessageReader) throws(MessageReader.Broken) {
    self.init()
    frameCount = try reader.integer()
    patient = try reader.optional { reader throws(MessageReader.Broken) in try reader.text() }
    instance = try reader.optional { reader throws(MessageReader.Broken) in try reader.text() }
    spacing =
      try reader.optional { reader throws(MessageReader.Broken) in
        PixelSpacing(rows: try reader.double(), columns: try reader.double())
      } ?? nil
    segmentation = try reader.optional { reader throws(MessageReader.Broken) in
      let frames = try reader.list { reader throws(MessageReader.Broken) in
        try reader.optional { reader throws(MessageReader.Broken) in
          let (instance, frame) = (try reader.text(), try reader.integer())
          return SegmentedFrames.Frame(
            instance: instance, frame: frame < 0 ? nil : frame, segment: try reader.integer())
        }
      }
      let segments = try reader.list { reader throws(MessageReader.Broken) in
        (number: try reader.integer(), label: try reader.text())
      }
      let instances = try reader.list { reader throws(MessageReader.Broken) in try reader.text() }
      return SegmentedFrames(
        frames: frames, segments: segments, instances: instances, width: try reader.integer(),
        height: try reader.integer())
    }
    volume =
      try reader.optional { reader throws(MessageReader.Broken) in
        let bytes = try reader.content()
        do { return try NIfTIHeader(bytes) } catch { throw MessageReader.Broken() }
      }
  }
}
