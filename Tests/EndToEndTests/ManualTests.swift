import Foundation
import TestSupport
import Testing

@testable import vdb

/// Help beyond `--help`: topics, man pages, completion of file names.
@Suite(.serialized) struct ManualTests {
    let vdb = Program()

    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: vdb.path(path), encoding: .utf8)
    }

    @Test func aPageForEachCommandAndTopic() throws {
        let result = try vdb.run("manual", "man")
        let commands = try CommandDescription.program().all
        #expect(result.status == 0 && result.errors.hasSuffix("pages written to man\n"))
        #expect(commands.count > 35)
        for command in commands {
            let page = try text("man/man1/\(command.path.joined(separator: "-")).1")
            #expect(page.hasPrefix(".TH VDB") && page.contains(".SH SYNOPSIS"))
            for argument in command.arguments {
                for name in argument.names {
                    let shown = name.replacingOccurrences(of: "-", with: "\\-")
                    #expect(page.contains("\\fB\(shown)\\fR"), "\(command.path) \(name)")
                }
            }
        }
        #expect(try text("man/man1/vdb.1").contains("VDB_DB"))
        #expect(try text("man/man1/vdb.1").contains("\n.SH EXIT STATUS\n"))
        for topic in HelpTopics.names {
            #expect(try text("man/man7/vdb-\(topic).7").contains(".SH DESCRIPTION"))
        }
        #expect(try vdb.run("manual", "man", "-q").errors.isEmpty)
        try vdb.write("file", "")
        try vdb.fails(73, "cannot be created", "manual", "file")
    }

    /// groff, which shows man pages on most systems, has nothing to say against them.
    @Test(
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: "/usr/bin/groff"),
            "groff is not installed"))
    func pagesAreShown() throws {
        #expect(try vdb.run("manual", "man", "-q").status == 0)
        for (page, words) in [
            (
                "man1/vdb-query.1",
                ["vdb query [options] [text ...]", "--min-score x", "vdb query \"storm\""]
            ),
            ("man7/vdb-filters.7", ["ESCAPE '\\'", "file.extension = 'pdf'"]),
            ("man1/vdb.1", ["vdb-ingest(1)", "$VDB_DB", "130  interrupted"]),
        ] {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/groff")
            process.arguments = [
                "-man", "-ww", "-Tascii", "-P-c", "-rLL=200n", vdb.path("man/" + page),
            ]
            let (output, errors) = (Pipe.uninherited(), Pipe.uninherited())
            process.standardOutput = output
            process.standardError = errors
            try process.start()
            let shown = String(
                decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            let complaints = errors.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            #expect(complaints.isEmpty, "\(String(decoding: complaints, as: UTF8.self))")
            // Without bold and underlined letters, which are typed over each other.
            var plain: [Character] = []
            for character in shown {
                if character == "\u{8}" { _ = plain.popLast() } else { plain.append(character) }
            }
            for word in words { #expect(String(plain).contains(word), "\(page): \(word)") }
        }
    }

    @Test func topics() throws {
        for topic in HelpTopics.all {
            let page = try vdb.run("help", topic.name)
            #expect(page.status == 0 && page.output.hasPrefix(topic.name.uppercased() + ": "))
            // The whole page fits a usual terminal's width, or nearly.
            #expect(page.lines.allSatisfy { $0.count <= 110 })
        }
        #expect(try vdb.run("--help").output.contains("vdb help"))
        try vdb.fails(64, "did you mean 'filters'?", "help", "filter")
    }

    /// Every option and argument that names a file completes it.
    @Test func filesAreCompleted() throws {
        struct Dump: Decodable {
            struct Command: Decodable {
                let commandName: String
                let arguments: [Argument]?
                let subcommands: [Command]?
            }
            struct Argument: Decodable {
                let valueName: String?
                let kind: String
                let completionKind: [String: [String: [String]]]?
                private enum CodingKeys: String, CodingKey { case valueName, kind, completionKind }
                init(from decoder: any Decoder) throws {
                    let values = try decoder.container(keyedBy: CodingKeys.self)
                    valueName = try values.decodeIfPresent(String.self, forKey: .valueName)
                    kind = try values.decode(String.self, forKey: .kind)
                    completionKind = try? values.decodeIfPresent(
                        [String: [String: [String]]].self, forKey: .completionKind)
                }
            }
            let command: Command
        }
        let output = try vdb.run("--experimental-dump-help").output
        let root = try JSONDecoder().decode(Dump.self, from: Data(output.utf8)).command
        var found = 0
        func check(_ command: Dump.Command, _ path: String) {
            for argument in command.arguments ?? [] where argument.kind != "flag" {
                let name = argument.valueName ?? ""
                guard
                    ["file", "dir", "path", "paths", "folder", "model", "destination"].contains(
                        name)
                        || name.hasPrefix("file")
                else { continue }
                found += 1
                let kinds = argument.completionKind?.keys.sorted() ?? []
                #expect(
                    kinds == ["file"] || kinds == ["directory"], "\(path) \(name): \(kinds)")
            }
            for part in command.subcommands ?? [] { check(part, path + " " + part.commandName) }
        }
        check(root, "vdb")
        #expect(found > 50)
    }
}
