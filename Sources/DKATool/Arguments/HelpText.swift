/// The help of the tool and of its verbs, made from what they declare.
package struct HelpText {
  /// The columns that the text may take.
  package let width: Int

  package init(width: Int) {
    self.width = min(max(width, 40), 100)
  }

  /// What `dka --help` prints: every verb with a line.
  package func text(of commands: [any Command.Type]) -> String {
    let verbs = commands.map { ($0.name, $0.summary) }
    return """
      dka: trains adapters inside pretrained ONNX models and writes ONNX models.

      Usage: dka VERB [arguments] [options]

      Verbs:
      \(rows(verbs))

      'dka help VERB' or 'dka VERB --help' explains one of them. 'dka --version' prints the version.
      Results go to standard output, everything else to standard error.

      Exit codes:
      \(rows([
        ("0", "done"), ("1", "the work failed"), ("3", "an operator, opset or type is not supported"),
        ("64", "the command line is wrong"), ("65", "the input data are bad"), ("66", "an input is missing"),
        ("70", "a bug of dka"), ("130", "interrupted after saving"),
      ]))
      """
  }

  /// What `dka VERB --help` prints.
  package func text(of command: any Command.Type) -> String {
    var parts = ["dka \(command.name): \(command.summary)", usage(of: command)]
    if !command.discussion.isEmpty {
      parts.append(TextLayout.wrapped(command.discussion, to: width).joined(separator: "\n"))
    }
    for group in command.allArguments where !group.definitions.isEmpty {
      let entries = group.definitions.map { (label(of: $0.form), explanation(of: $0.form)) }
      parts.append("\(group.title):\n" + rows(entries))
    }
    if !command.examples.isEmpty {
      let examples = command.examples.map { "  # \($0.purpose)\n  dka \($0.words)" }
      parts.append("Examples:\n" + examples.joined(separator: "\n"))
    }
    return parts.joined(separator: "\n\n")
  }

  private func usage(of command: any Command.Type) -> String {
    let forms = command.allArguments.flatMap(\.definitions).map(\.form)
    let positionals = forms.filter { $0.kind == .positional }.map { form in
      let name = form.name + (form.isRepeatable ? "…" : "")
      return form.isRequired ? name : "[\(name)]"
    }
    let required = forms.filter { $0.kind == .option && $0.isRequired }.map { form in
      "\(form.short.map { "-\($0)" } ?? form.spelling) \(form.placeholder)" + (form.isRepeatable ? " …" : "")
    }
    return (["Usage: dka", command.name] + positionals + required + ["[options]"]).joined(separator: " ")
  }

  private func label(of form: ArgumentForm) -> String {
    switch form.kind {
    case .positional: form.name
    case .flag: (form.short.map { "-\($0), " } ?? "") + form.spelling
    case .option:
      (form.short.map { "-\($0), " } ?? "") + form.spelling
        + (form.standsAloneBeside == nil ? " \(form.placeholder)" : " [\(form.placeholder)]")
    }
  }

  private func explanation(of form: ArgumentForm) -> String {
    var notes: [String] = []
    if !form.choices.isEmpty { notes.append(form.choices.joined(separator: ", ")) }
    if let limits = form.limits { notes.append(limits) }
    if form.kind == .option, form.isRequired { notes.append("required") }
    if form.kind == .option, form.isRepeatable { notes.append("repeatable") }
    if let text = form.defaultText, form.kind != .flag { notes.append("default: \(text)") }
    // What stands below the first line explains the choices.
    let end = form.help.firstIndex(of: "\n") ?? form.help.endIndex
    return form.help[..<end] + (notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))")
      + form.help[end...]
  }

  private func rows(_ entries: [(label: String, text: String)]) -> String {
    let labelWidth = min(26, entries.map { TextLayout.width($0.label) }.max() ?? 0)
    let indentation = String(repeating: " ", count: labelWidth + 4)
    var lines: [String] = []
    for (label, text) in entries {
      let wrapped = text.split(separator: "\n").flatMap {
        TextLayout.wrapped(String($0), to: width - labelWidth - 4)
      }
      if TextLayout.width(label) > labelWidth {
        lines.append("  " + label)
        lines += wrapped.map { indentation + $0 }
      } else {
        lines.append("  " + TextLayout.padded(label, to: labelWidth) + "  " + (wrapped.first ?? ""))
        lines += wrapped.dropFirst().map { indentation + $0 }
      }
    }
    return lines.joined(separator: "\n")
  }
}
