import DKATool
import Synchronization
import TensorFiles
import Testing

/// A clock that tests move by hand.
private final class HandClock: Sendable {
  private let seconds = Mutex(0.0)

  func move(by step: Double) { seconds.withLock { $0 += step } }

  var now: @Sendable () -> Double { { self.seconds.withLock { $0 } } }
}

private func console(animated: Bool, width: Int = 100, _ errors: TextRecorder) -> Console {
  var settings = Console.Settings()
  (settings.isAnimated, settings.width) = (animated, width)
  return Console(output: TextRecorder(), errors: errors, settings: settings)
}

struct OutputTests {
  @Test func `progress on a terminal is one line drawn at most ten times a second`() {
    let (errors, clock) = (TextRecorder(), HandClock())
    let progress = Progress(console(animated: true, errors), unit: "images", clock: clock.now)
    progress.begin("epoch 1/2", total: 1000, later: 1000)
    for step in 1...25 {
      clock.move(by: 0.04)
      progress.advance(to: step * 10, [.init("loss", 0.5), .init("accuracy", Quantities.percent(0.875))])
    }
    let drawn = errors.text.split(separator: "\r\u{1B}[K")
    #expect(drawn.count == 9)
    #expect(!errors.text.contains("\n"))
    // 250 of 1000 after one second: 750 + 1000 images remain, 7 seconds at 250 per second.
    #expect(
      drawn.last
        == "epoch 1/2  [====>           ]   25 %  250/1,000  250 images/s  loss 0.500  accuracy 87.5 %  ETA 7 s"
    )
    errors.clear()
    clock.move(by: 1)
    progress.end()
    #expect(
      errors.text
        == "\r\u{1B}[Kepoch 1/2  250 images in 2.00 s  125 images/s  loss 0.500  accuracy 87.5 %\n")
  }

  @Test func `progress in a log is a line every ten seconds, but for the last, which the end has`() {
    let (errors, clock) = (TextRecorder(), HandClock())
    let progress = Progress(console(animated: false, errors), unit: "images", clock: clock.now)
    progress.begin("epoch 1/1", total: 30)
    for step in 1...30 {
      clock.move(by: 1)
      progress.advance(to: step)
    }
    progress.end()
    #expect(
      errors.text == """
        epoch 1/1   33 %  10/30  1.0 images/s  ETA 20 s
        epoch 1/1   67 %  20/30  1.0 images/s  ETA 10 s
        epoch 1/1  30 images in 30.00 s  1.0 images/s

        """)
  }

  @Test(arguments: [20, 40, 60, 80, 200])
  func `a progress line never reaches the last column`(width: Int) {
    let (errors, clock) = (TextRecorder(), HandClock())
    let progress = Progress(console(animated: true, width: width, errors), unit: "images", clock: clock.now)
    progress.begin("epoch 1/100", total: 12345)
    clock.move(by: 1)
    progress.advance(to: 999, [.init("loss", 12.345)])
    let line = errors.text.replacing("\r\u{1B}[K", with: "")
    #expect(line.hasPrefix("epoch 1/100"))
    #expect(TextLayout.width(line) < width)
  }

  @Test func `progress without a total or beyond it does not trap`() {
    let (errors, clock) = (TextRecorder(), HandClock())
    let progress = Progress(console(animated: true, errors), unit: "images", clock: clock.now)
    progress.begin("a", total: 0)
    progress.advance(to: 0)
    clock.move(by: 1)
    progress.advance(to: 50, [.init("loss", .nan)])
    #expect(errors.text.contains("50/0  50.0 images/s  loss nan  ETA 0 s"))
  }

  private static let hostile = "a\u{1B}[31m\u{07}\r\u{9B}2J\u{7F}\u{202E}\u{2069}b"
  private static let shown = #"a\u{1b}[31m\u{7}\u{d}\u{9b}2J\u{7f}\u{202e}\u{2069}b"#

  @Test func `what a name says to a terminal is shown, in messages, titles and results`() throws {
    let (output, errors) = (TextRecorder(), TextRecorder())
    var settings = Console.Settings()
    (settings.level, settings.isColored) = (.verbose, true)
    let console = Console(output: output, errors: errors, settings: settings)
    console.note(Self.hostile + "\n")
    console.warn(Self.hostile)
    console.detail(Self.hostile)
    console.report(Self.hostile, label: "error:", .error)
    #expect(
      errors.text == Self.shown + "\\u{a}\n\u{1B}[1;33mwarning:\u{1B}[0m " + Self.shown + "\n\u{1B}[2m"
        + Self.shown + "\u{1B}[0m\n\u{1B}[1;31merror:\u{1B}[0m " + Self.shown + "\n")
    try console.result(Self.hostile)
    try console.result(json: nil, text: Self.hostile + "\n\t")
    try console.result(json: nil, lines: [Self.hostile, "c\nd"])
    #expect(
      output.text == Self.shown + "\n" + Self.shown + "\n\t\n" + Self.shown + "\nc\\u{a}d\n")
  }

  @Test func `a hostile title of a progress line takes the width of what is shown`() {
    let (errors, clock) = (TextRecorder(), HandClock())
    let progress = Progress(console(animated: true, width: 60, errors), unit: "images", clock: clock.now)
    progress.begin(Self.hostile, total: 10)
    clock.move(by: 1)
    progress.advance(to: 5)
    let line = errors.text.replacing("\r\u{1B}[K", with: "")
    #expect(line.hasPrefix(Self.shown))
    #expect(TextLayout.width(line) < 60)
  }

  @Test func `a cell of a table stays one line`() {
    var table = Table([("n\nm", .left), ("c", .left)])
    table.add(["a\tb", "\u{1B}[0m"])
    #expect(table.text == "n\\u{a}m  c\na\\u{9}b  \\u{1b}[0m")
  }

  @Test func `lines about one file are cut with a count`() throws {
    let output = TextRecorder()
    let console = Console(output: output, errors: TextRecorder())
    try console.result(json: nil, lines: (0..<1012).map { "line \($0)" })
    let lines = output.text.split(separator: "\n")
    #expect(lines.count == 201 && lines[199] == "line 199" && lines[200] == "and 812 more")
  }

  @Test func `a message clears the progress line and draws it again`() {
    let errors = TextRecorder()
    let console = console(animated: true, errors)
    console.show(status: "half")
    console.warn("odd")
    #expect(errors.text == "\r\u{1B}[Khalf\r\u{1B}[Kwarning: odd\nhalf")
  }

  @Test func `a table aligns its columns by what one sees`() {
    var table = Table([("name", .left), ("count", .right), ("", .left)])
    table.add(["Conv", "1", "x"])
    table.add(["日本", "1,234", ""])
    #expect(
      table.text == """
        name  count
        Conv      1  x
        日本  1,234
        """)
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567"),
    (Int.min, "-9,223,372,036,854,775,808"),
  ])
  func `counts have separated thousands`(value: Int, expected: String) {
    #expect(Quantities.count(value) == expected)
  }

  @Test(arguments: [
    (0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (350_000_000, "334 MiB"), (Int.max, "8388608 TiB"),
  ])
  func `sizes have binary units`(value: Int, expected: String) {
    #expect(Quantities.bytes(value) == expected)
  }

  @Test(arguments: [
    (0.0000123, "under 1 ms"), (0.0125, "12.5 ms"), (8.25, "8.25 s"), (59.999, "1 min 0 s"),
    (192, "3 min 12 s"),
    (7500, "2 h 5 min"), (273_600, "3 d 4 h"), (.nan, "nan s"), (.infinity, "inf s"), (-1, "-1.0 s"),
  ])
  func `durations have the unit one would say`(value: Double, expected: String) {
    #expect(Quantities.seconds(value) == expected)
  }

  @Test(arguments: [
    (4.26, "4.3"), (99.94, "99.9"), (118.23, "118"), (999.6, "1,000"), (401_802.6, "402,000"),
    (.infinity, "inf"),
  ])
  func `rates have three digits`(value: Double, expected: String) {
    #expect(Quantities.rate(value) == expected)
  }

  @Test(arguments: [
    (0.125, 2, "0.13"), (-0.004, 2, "0.00"), (-0.5, 0, "-1"), (99.96, 1, "100.0"), (12, 0, "12"),
    (1e300, 2, "1e+300"),
    (.nan, 1, "nan"), (0.05, 3, "0.050"),
  ])
  func `decimals are fixed and rounded`(value: Double, decimals: Int, expected: String) {
    #expect(Quantities.fixed(value, decimals) == expected)
  }

  @Test func `text wraps between words and keeps its paragraphs`() {
    #expect(TextLayout.wrapped("a bb ccc\n\ndddddddd e", to: 5) == ["a bb", "ccc", "", "dddddddd", "e"])
    #expect(TextLayout.wrapped("a\nbb ccc\nd", to: 5) == ["a bb", "ccc d"])
  }
}
