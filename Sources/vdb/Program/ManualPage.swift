/// A page for man(1), in the macros of man(7).
struct ManualPage {
    /// `vdb-query`.
    let name: String
    /// 1 for commands, 7 for topics.
    let section: Int
    private(set) var text: String

    private init(_ name: String, section: Int, abstract: String) {
        self.name = name
        self.section = section
        text = ".TH \(Roff.escaped(name.uppercased())) \(section) \"\" \"vdb \(VDB.version)\" vdb\n"
        // Neither hyphens nor spaces that could be taken for part of a command.
        text += ".nh\n.ad l\n"
        heading("NAME")
        line("\(Roff.escaped(name)) \\- \(Roff.escaped(abstract))")
    }

    /// Where the page belongs below a folder of man pages: `man1/vdb-query.1`.
    var path: String { "man\(section)/\(name).\(section)" }

    /// All pages of the program.
    static func all() throws -> [ManualPage] {
        try CommandDescription.program().all.map(ManualPage.init)
            + HelpTopics.all.map(ManualPage.init)
    }

    private init(_ command: CommandDescription) {
        self.init(
            command.path.joined(separator: "-"), section: 1,
            abstract: Self.uncapitalized(command.abstract))
        let name = command.path.joined(separator: " ")
        heading("SYNOPSIS")
        line("\\fB\(Roff.escaped(name))\\fR" + (Self.usage(of: command)))
        if !command.discussion.isEmpty {
            heading("DESCRIPTION")
            discussion(command.discussion)
        }
        if !command.subcommands.isEmpty { subcommands(of: command) }
        arguments(of: command)
        if command.path == ["vdb"] {
            for topic in HelpTopics.all where topic.isPartOfManual {
                heading(topic.name.replacing("-", with: " ").uppercased())
                literal(topic.body)
            }
        }
        seeAlso(command)
    }

    private init(_ topic: HelpTopics.Topic) {
        self.init("vdb-\(topic.name)", section: 7, abstract: topic.abstract)
        heading("DESCRIPTION")
        literal(topic.body)
        heading("SEE ALSO")
        line("\\fBvdb\\fR(1)")
    }

    // MARK: Parts

    private static func usage(of command: CommandDescription) -> String {
        if !command.subcommands.isEmpty { return " \\fIcommand\\fR" }
        let positional = command.arguments.filter { $0.kind == .positional }.map { argument in
            let value =
                "\\fI\(Roff.escaped(argument.valueName))\\fR" + (argument.isRepeating ? " ..." : "")
            return argument.isOptional ? " [\(value)]" : " \(value)"
        }
        return " [\\fIoptions\\fR]" + positional.joined()
    }

    private mutating func subcommands(of command: CommandDescription) {
        heading("COMMANDS")
        for subcommand in command.subcommands {
            let name = subcommand.path.joined(separator: "-")
            line(".TP")
            line("\\fB\(Roff.escaped(name))\\fR(1)")
            line(Roff.escaped(subcommand.abstract))
        }
    }

    private mutating func arguments(of command: CommandDescription) {
        let positional = command.arguments.filter { $0.kind == .positional }
        if !positional.isEmpty {
            heading("ARGUMENTS")
            for argument in positional {
                item("\\fI\(Roff.escaped(argument.valueName))\\fR", argument)
            }
        }
        let options = command.arguments.filter { $0.kind != .positional }
        var sections: [String] = []
        for option in options where !sections.contains(option.section ?? "") {
            sections.append(option.section ?? "")
        }
        for section in sections {
            heading(section.isEmpty ? "OPTIONS" : section.uppercased())
            for option in options where (option.section ?? "") == section {
                let names = option.names.map { "\\fB\(Roff.escaped($0))\\fR" }
                    .joined(separator: ", ")
                let value =
                    option.kind == .option ? " \\fI\(Roff.escaped(option.valueName))\\fR" : ""
                item(names + value, option)
            }
        }
    }

    private mutating func item(_ tag: String, _ argument: CommandDescription.Argument) {
        var facts: [String] = []
        if !argument.values.isEmpty {
            facts.append("values: " + argument.values.joined(separator: ", "))
        }
        if argument.kind != .flag, let value = argument.defaultValue {
            facts.append("default: \(value)")
        }
        let more = facts.isEmpty ? "" : " (\(facts.joined(separator: "; ")))"
        line(".TP")
        line(tag)
        line(Roff.escaped(argument.abstract + more))
    }

    private mutating func seeAlso(_ command: CommandDescription) {
        heading("SEE ALSO")
        let topics = HelpTopics.all.map { "\\fBvdb\\-\(Roff.escaped($0.name))\\fR(7)" }
        let parents = command.path.dropLast().indices.map { index in
            "\\fB\(Roff.escaped(command.path[...index].joined(separator: "-")))\\fR(1)"
        }
        line((parents + topics).joined(separator: ", "))
    }

    // MARK: Text

    private mutating func heading(_ text: String) { line(".SH \(Roff.escaped(text))") }

    private mutating func line(_ text: String) { self.text += text + "\n" }

    /// Paragraphs, in which lines that are indented stay as they are.
    private mutating func discussion(_ text: String) {
        for (number, paragraph) in text.split(separator: "\n\n").enumerated() {
            if number > 0 { line(".PP") }
            var isLiteral = false
            for source in paragraph.split(separator: "\n") {
                if source.hasPrefix("  ") != isLiteral {
                    isLiteral.toggle()
                    line(isLiteral ? ".PP\n.nf\n.RS" : ".RE\n.fi\n.PP")
                }
                line(Roff.escaped(isLiteral ? String(source.dropFirst(2)) : String(source)))
            }
            if isLiteral { line(".RE\n.fi") }
        }
    }

    private mutating func literal(_ text: String) {
        line(".nf")
        for source in text.split(separator: "\n", omittingEmptySubsequences: false) {
            line(Roff.escaped(String(source)))
        }
        line(".fi")
    }

    private static func uncapitalized(_ sentence: String) -> String {
        let text = sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}

/// The notation of roff.
private enum Roff {
    /// The text as roff shows it: without this, a backslash begins an escape, a period or quote at the
    /// beginning of a line a request, and a hyphen may become a dash that cannot be searched for.
    static func escaped(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
            .replacing("^", with: "\\(ha").replacing("~", with: "\\(ti")
            .replacing("`", with: "\\(ga").replacing("'", with: "\\(aq")
        return escaped.hasPrefix(".") ? "\\&" + escaped : escaped
    }
}
