/// Which kernels compute: the best the processor has, or a fixed kind.
package enum ProcessorChoice: String, Sendable, CaseIterable {
  case auto, avx512, avx2, portable
}

/// When text is coloured; `auto` means on a terminal unless NO_COLOR is set.
package enum ColorChoice: String, Sendable, CaseIterable {
  case auto, always, never
}

/// The options that every verb has.
package enum CommonOptions {
  package static let threads = Option(
    "threads", .integer(1...1024), "threads that compute; without it one per processor core")
  package static let processor = Option(
    "cpu", .choice(of: ProcessorChoice.self), default: .auto, "which kernels compute")
  package static let memory = Option(
    "memory", .size, "most memory to plan, such as 4GB or 500MiB; without it what is free")
  package static let quiet = Option(flag: "quiet", short: "q", "print results and errors only")
  package static let verbose = Option(flag: "verbose", short: "v", "print what is done in detail")
  package static let color = Option(
    "color", .choice(of: ColorChoice.self, placeholder: "WHEN"), default: .auto, "colours in messages")
  package static let json = Option(flag: "json", "print one JSON object instead of text")
  /// Of verbs that write files under names that others may have.
  package static let force = Option(flag: "force", "overwrite files that exist already; an input never is")
  package static let configuration = Option(
    "config", .file, "JSON object with option names as keys; the command line goes first")

  /// These are about one invocation, not about the work, so no configuration file holds them.
  static let namesOutsideConfiguration = ["config", "json", "quiet", "verbose", "color"]

  static func group(json hasJSON: Bool, configuration hasConfiguration: Bool) -> ArgumentGroup {
    var definitions: [any ArgumentDefinition] = [threads, processor, memory]
    if hasConfiguration { definitions.append(configuration) }
    if hasJSON { definitions.append(json) }
    return ArgumentGroup("Common options", definitions + [quiet, verbose, color] as [any ArgumentDefinition])
  }
}
