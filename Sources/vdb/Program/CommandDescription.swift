import ArgumentParser
import JSON

/// What the argument parser knows of a command: the source of its help and of its man page.
struct CommandDescription {
    /// From the program on: `vdb`, `model`, `add`.
    let path: [String]
    let abstract: String
    let discussion: String
    let arguments: [Argument]
    let subcommands: [CommandDescription]

    struct Argument {
        enum Kind: String { case positional, option, flag }

        let kind: Kind
        /// With hyphens, short ones first.
        let names: [String]
        let valueName: String
        let abstract: String
        let values: [String]
        let defaultValue: String?
        let isOptional: Bool
        let isRepeating: Bool
        /// The heading of its group; `nil` for the usual one.
        let section: String?
    }

    /// The whole program.
    ///
    /// - Throws: if the parser's own description is not understood, which a test would find.
    static func program() throws -> CommandDescription {
        let dump = try JSONValue(parsing: VDB._dumpHelp()).objectValue
        guard let command = dump?["command"]?.objectValue,
            let description = CommandDescription(command, below: [])
        else { throw CommandFailure(.unavailable, "the description of the commands is unreadable") }
        return description
    }

    private init?(_ object: JSONObject, below path: [String]) {
        guard let name = object["commandName"]?.stringValue, name != "help" || path.isEmpty else {
            return nil
        }
        self.path = path + [name]
        abstract = object["abstract"]?.stringValue ?? ""
        discussion = object["discussion"]?.stringValue ?? ""
        arguments = (object["arguments"]?.arrayValue ?? []).compactMap { value in
            value.objectValue.flatMap(Argument.init)
        }
        let own = self.path
        subcommands = (object["subcommands"]?.arrayValue ?? []).compactMap { value in
            value.objectValue.flatMap { CommandDescription($0, below: own) }
        }
    }

    /// This command and all below it.
    var all: [CommandDescription] { [self] + subcommands.flatMap(\.all) }
}

extension CommandDescription.Argument {
    fileprivate init?(_ object: JSONObject) {
        guard object["shouldDisplay"]?.boolValue == true,
            let kind = object["kind"]?.stringValue.flatMap(Kind.init)
        else { return nil }
        self.kind = kind
        names = (object["names"]?.arrayValue ?? []).compactMap { value -> String? in
            guard let name = value.objectValue, let text = name["name"]?.stringValue else {
                return nil
            }
            return (name["kind"]?.stringValue == "short" ? "-" : "--") + text
        }.sorted { $0.count < $1.count }
        valueName = object["valueName"]?.stringValue ?? ""
        abstract = object["abstract"]?.stringValue ?? ""
        values = (object["allValues"]?.arrayValue ?? []).compactMap(\.stringValue)
        defaultValue = object["defaultValue"]?.stringValue
        isOptional = object["isOptional"]?.boolValue ?? false
        isRepeating = object["isRepeating"]?.boolValue ?? false
        section = object["sectionTitle"]?.stringValue
    }
}
