/// Finds the word that someone probably meant.
package enum Suggestion {
  /// `; did you mean 'epochs'?` when one of the known words is close to what was written, else the empty string.
  package static func text(for word: String, among known: [String]) -> String {
    closest(to: word, among: known).map { "; did you mean '\($0)'?" } ?? ""
  }

  /// The shortest known word that begins with the word, else the one with the least edit distance, if at most a third of
  /// the letters must change.
  package static func closest(to word: String, among known: [String]) -> String? {
    guard word.count <= 64 else { return nil }
    if word.count >= 3,
      let longer = known.filter({ $0.hasPrefix(word) }).min(by: { $0.count < $1.count })
    {
      return longer
    }
    let ranked = known.map { (word: $0, distance: distance(from: word.lowercased(), to: $0.lowercased())) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(1, min(word.count, best.word.count) / 3) ? best.word : nil
  }

  /// Fewest insertions, deletions, replacements and swaps of neighbours that make one word of the other.
  static func distance(from first: String, to second: String) -> Int {
    let (a, b) = (Array(first), Array(second))
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
        row.append(cost)
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}
