import Glibc
import Synchronization

/// Shows how far long work has come.
///
/// On a terminal one line is redrawn at most ten times a second; elsewhere a line is printed every ten seconds, but not at a
/// phase's end, which has a line of its own.
///
///     epoch 3/100  [=======>            ]  37 %  1,065/2,880  118 images/s  loss 0.412  ETA 41 min 8 s
package final class Progress: Sendable {
  /// A value shown beside the bar, such as the loss.
  package struct Reading: Sendable {
    package let name: String
    package let text: String

    package init(_ name: String, _ text: String) { (self.name, self.text) = (name, text) }

    package init(_ name: String, _ value: Double, decimals: Int = 3) {
      self.init(name, Quantities.fixed(value, decimals))
    }
  }

  private struct State {
    var title = ""
    var total = 0
    var later = 0
    var phaseStart = 0.0
    var lastDrawn = -Double.infinity
    var workStart: Double?
    var doneBefore = 0
    var done = 0
    var readings: [Reading] = []
  }

  private let console: Console
  private let unit: String
  private let clock: @Sendable () -> Double
  private let state = Mutex(State())

  /// `unit` is what is counted; `clock` gives seconds that only grow.
  package init(
    _ console: Console, unit: String, clock: @escaping @Sendable () -> Double = Progress.monotonicSeconds
  ) {
    (self.console, self.unit, self.clock) = (console, unit, clock)
  }

  /// Starts a phase of `total` units; `later` units follow in other phases and count for the remaining time.
  package func begin(_ title: String, total: Int, later: Int = 0) {
    let now = clock()
    // Here, not where the line is drawn: its width is that of what one sees.
    let title = PrintableText.line(title)
    state.withLock { state in
      state.doneBefore += state.done
      (state.title, state.total, state.later, state.done) = (title, total, later, 0)
      (state.phaseStart, state.readings) = (now, [])
      state.workStart = state.workStart ?? now
      if !console.settings.isAnimated, state.lastDrawn == -.infinity { state.lastDrawn = now }
    }
  }

  /// Says how many units of the phase are done.
  package func advance(to done: Int, _ readings: [Reading] = []) {
    guard console.settings.level != .quiet else { return }
    let now = clock()
    let line = state.withLock { state -> String? in
      state.done = done
      if !readings.isEmpty { state.readings = readings }
      let isDue =
        console.settings.isAnimated
        ? now - state.lastDrawn >= 0.1 : now - state.lastDrawn >= 10 && done < state.total
      guard isDue else { return nil }
      state.lastDrawn = now
      return self.line(of: state, at: now)
    }
    guard let line else { return }
    if console.settings.isAnimated {
      console.show(status: line)
    } else {
      console.note(line)
    }
  }

  /// Ends the phase with a line that stays: what was done, how long it took and the last readings.
  package func end(_ readings: [Reading] = []) {
    let now = clock()
    let line = state.withLock { state in
      if !readings.isEmpty { state.readings = readings }
      let seconds = now - state.phaseStart
      if !console.settings.isAnimated { state.lastDrawn = now }
      let parts = ["\(Quantities.count(state.done)) \(unit) in \(Quantities.seconds(seconds))"]
      return ([state.title] + parts + [speed(state.done, in: seconds)].compactMap(\.self) + texts(of: state))
        .joined(separator: "  ")
    }
    console.show(status: "")
    console.note(line)
  }

  /// Removes the line from the terminal, for work that ends by an error.
  package func abandon() { console.show(status: "") }

  /// Seconds since some moment in the past, not moved by clock changes.
  package static let monotonicSeconds: @Sendable () -> Double = {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private func line(of state: State, at now: Double) -> String {
    let share = state.total > 0 ? min(1, max(0, Double(state.done) / Double(state.total))) : 0
    var parts = ["\(TextLayout.rightAligned(Quantities.fixed(share * 100, 0), to: 3)) %"]
    parts.append("\(Quantities.count(state.done))/\(Quantities.count(state.total))")
    parts += [speed(state.done, in: now - state.phaseStart)].compactMap(\.self)
    parts += texts(of: state)
    if let seconds = remaining(state, at: now) {
      let whole = seconds.rounded()
      parts.append("ETA " + (whole < 60 ? "\(Int(whole)) s" : Quantities.seconds(whole)))
    }
    guard console.settings.isAnimated else { return ([state.title] + parts).joined(separator: "  ") }
    let rest = parts.joined(separator: "  ")
    // The last column stays free: a full line would wrap and could not be redrawn.
    let free = console.settings.width - 1 - TextLayout.width(state.title + rest) - 6
    let bar = free >= 8 ? ["[\(bar(share, width: min(free, 24)))]"] : []
    return TextLayout.cut(
      ([state.title] + bar + [rest]).joined(separator: "  "), to: console.settings.width - 1)
  }

  private func bar(_ share: Double, width: Int) -> String {
    let filled = Int((share * Double(width)).rounded(.down))
    let head = filled < width ? ">" : ""
    return TextLayout.padded(String(repeating: "=", count: filled) + head, to: width)
  }

  private func speed(_ done: Int, in seconds: Double) -> String? {
    done > 0 && seconds > 0 ? "\(Quantities.rate(Double(done) / seconds)) \(unit)/s" : nil
  }

  private func remaining(_ state: State, at now: Double) -> Double? {
    let done = state.doneBefore + state.done
    guard let start = state.workStart, done > 0, now > start else { return nil }
    return (now - start) / Double(done) * Double(max(0, state.total - state.done) + state.later)
  }

  private func texts(of state: State) -> [String] { state.readings.map { "\($0.name) \($0.text)" } }
}
