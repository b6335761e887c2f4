import Foundation
import TestSupport
import Testing

/// Every option that takes a number, of every command, with numbers at which arithmetic breaks. The
/// options come from the program's own description, so that a new one is tested without a word here.
@Suite struct NumberTests {
    static let numbers = ["0", "-1", "2147483648", "4611686018427387904", "9223372036854775807"]

    /// A command that does some work at once, with a tiny model, by the command's name.
    static let commands: [String: [String]] = [
        "ingest": ["more.jsonl", "--model", "MODEL"],
        "query": ["tides", "--model", "MODEL"],
        "get": ["d1"], "list": [], "count": [], "fields": [], "delete": ["d1"], "export": [],
        "update": ["d1", "--set", "year=2024"], "stats": [], "mcp": ["--model", "MODEL"],
        "collections list": [], "collections drop": ["none", "--yes"],
        "collections rename": ["none", "new"], "collections copy": ["none", "new"],
        "index-field": ["year"], "check": [], "compact": [], "backup": ["copy.vdb"],
        "copy": ["--to", "other.vdb"], "reindex": [], "places": [],
        "schema": ["--postgres"],
        "embed": ["a text", "--model", "MODEL"], "tokenize": ["a text", "--model", "MODEL"],
        "score": ["a", "b", "--model", "MODEL"], "decode": ["a text", "--model", "MODEL"],
        "train": ["contrast", "--data", "rows.jsonl", "--out", "out", "--model", "MODEL"],
        "train pretrain": [
            "pretrain", "--data", "texts.jsonl", "--out", "out", "--model", "MODEL",
        ],
        "train align": ["align", "--data", "rows.jsonl", "--out", "out", "--model", "MODEL"],
        "train respond": [
            "respond", "--data", "answers.jsonl", "--out", "out", "--model", "MODEL",
            "--alignment-weight", "0",
        ],
        "mine": [
            "--queries", "queries.jsonl", "--qrels", "qrels.tsv", "--from-rank", "1", "--to-rank",
            "5", "--model", "MODEL",
        ],
        "generate": [
            "--queries", "queries.jsonl", "--out", "answers.jsonl", "--model", "MODEL",
            "--max-tokens", "2",
        ],
        "tune": [
            "--queries", "queries.jsonl", "--qrels", "qrels.tsv", "--out", "out", "--from-rank",
            "1",
            "--to-rank", "5", "--stages", "contrast", "--max-steps", "1", "--model", "MODEL",
        ],
        "eval retrieval": ["beir", "--model", "MODEL"],
        "eval sts": ["pairs.tsv", "--model", "MODEL"],
        "serve": ["--socket", "missing/socket"],
        "eval run": ["a.run", "qrels.tsv"], "eval compare": ["a.run", "a.run", "qrels.tsv"],
    ]

    /// Options by which a user asks for a run as long as it takes: it is interrupted.
    static let unbounded: Set<String> = ["train --max-steps"]

    struct Case: Sendable, CustomStringConvertible {
        let command: String
        let option: String
        let number: String
        var description: String { "vdb \(command) \(option) \(number)" }
    }

    @Test func everyOptionWithEveryNumber() async throws {
        let vdb = try Self.program()
        let cases = try Self.cases(vdb)
        // Fewer would mean that the description was not understood.
        #expect(cases.count > 200)
        let workers = 3
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<workers {
                let own = stride(from: worker, to: cases.count, by: workers).map { cases[$0] }
                group.addTask { for next in own { Self.check(next, vdb, worker: worker) } }
            }
        }
    }

    /// What each command works on.
    private static func program() throws -> Program {
        let vdb = Program()
        let ids = 0..<12
        func lines(_ line: (Int) -> String) -> String { ids.map { line($0) + "\n" }.joined() }
        let corpus = lines { #"{"_id":"d\#($0)","text":"text \#($0) about tides and wings"}"# }
        let queries = lines { #"{"_id":"q\#($0)","text":"tides \#($0)"}"# }
        let judgments = "query-id\tcorpus-id\tscore\n" + lines { "q\($0)\td\($0)\t1" }
        try vdb.write("corpus.jsonl", corpus)
        try vdb.write("more.jsonl", #"{"_id":"new","text":"one more"}"# + "\n")
        try vdb.write("queries.jsonl", queries)
        try vdb.write("qrels.tsv", judgments)
        try vdb.write("beir/corpus.jsonl", corpus)
        try vdb.write("beir/queries.jsonl", queries)
        try vdb.write("beir/qrels/test.tsv", judgments)
        try vdb.write("a.run", lines { "q\($0) Q0 d\($0) 1 1.0 r" })
        try vdb.write("rows.jsonl", lines { #"{"query":"q \#($0)","pos":["a b"],"neg":["c d"]}"# })
        try vdb.write("answers.jsonl", lines { #"{"query":"q \#($0)","answer":"a b"}"# })
        try vdb.write("texts.jsonl", lines { #"{"text":"some words \#($0)"}"# })
        try vdb.write("pairs.tsv", "sentence1\tsentence2\tscore\na b\tc d\t1\nx y\tx z\t5\n")
        let made = try vdb.run("ingest", "corpus.jsonl", "--model", tinyModel, "--quiet")
        try #require(made.status == 0, "\(made.errors)")
        return vdb
    }

    private static let tinyModel = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("TrainingTests/Fixtures/tiny").path

    // MARK: What the program says of itself

    private struct Description: Decodable {
        struct Command: Decodable {
            let commandName: String
            let arguments: [Argument]?
            let subcommands: [Command]?
        }
        struct Argument: Decodable {
            struct Name: Decodable {
                let kind: String
                let name: String
            }
            let kind: String
            let names: [Name]?
            let allValues: [String]?
        }
        let command: Command
    }

    private static func cases(_ vdb: Program) throws -> [Case] {
        let dump = try vdb.run("--experimental-dump-help")
        let root = try JSONDecoder().decode(Description.self, from: Data(dump.output.utf8)).command
        var cases: [Case] = []
        func add(_ command: Description.Command, _ path: [String]) throws {
            let name = path.joined(separator: " ")
            for argument in command.arguments ?? [] where argument.kind == "option" {
                guard argument.allValues == nil, let own = argument.names?.last else { continue }
                let option = (own.kind == "short" ? "-" : "--") + own.name
                // A number is what cannot be anything else.
                // An unknown option, so that a command whose option takes any text does not run.
                let probe = try vdb.run(path + [option, "no-number", "--no-such-option"])
                guard probe.errors.contains("'no-number' is invalid for") else { continue }
                let variants = commands.keys.filter { $0 == name || $0.hasPrefix(name + " ") }
                #expect(!variants.isEmpty, "give NumberTests a command line for '\(name)'")
                for variant in variants.sorted() {
                    cases += numbers.map { Case(command: variant, option: option, number: $0) }
                }
            }
            for part in command.subcommands ?? [] where part.commandName != "help" {
                try add(part, path + [part.commandName])
            }
        }
        for command in root.subcommands ?? [] { try add(command, [command.commandName]) }
        return cases
    }

    // MARK: Running one

    private static func check(_ testCase: Case, _ vdb: Program, worker: Int) {
        do {
            let folder = vdb.path("worker\(worker)")
            try? FileManager.default.removeItem(atPath: folder)
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            for name in try FileManager.default.contentsOfDirectory(atPath: vdb.folder)
            where !name.hasPrefix("worker") && !name.hasPrefix(".") {
                try FileManager.default.copyItem(
                    atPath: vdb.path(name), toPath: folder + "/" + name)
            }
            var arguments = (commands[testCase.command] ?? []).map {
                $0 == "MODEL" ? tinyModel : $0
            }
            if let place = arguments.firstIndex(of: testCase.option) {
                arguments.removeSubrange(place...(place + 1))
            }
            arguments +=
                testCase.option.hasPrefix("--")
                ? ["\(testCase.option)=\(testCase.number)"] : [testCase.option, testCase.number]
            let words = testCase.command.split(separator: " ").map(String.init)
            let command = words[0] == "train" ? ["train"] : words
            let isUnbounded = unbounded.contains("\(words[0]) \(testCase.option)")
            let result = try run(command + arguments, in: folder, isUnbounded: isUnbounded)
            #expect(
                result.status < 128 || isUnbounded && result.status == 130,
                "\(testCase) ended with \(result.status): \(result.errors)")
            if result.status != 0, !isUnbounded {
                // A run that has begun has said which kernels it computes with.
                let lines = result.errors.split(separator: "\n")
                    .filter { !$0.hasPrefix("kernels ") }
                #expect(
                    lines.count == 1 && lines[0].hasPrefix("vdb: "),
                    "\(testCase): \(result.errors)")
            }
        } catch { Issue.record("\(testCase): \(error)") }
    }

    /// With an address space of 12 GB, and for a minute at most; an unbounded run is interrupted soon.
    private static func run(
        _ arguments: [String], in folder: String, isUnbounded: Bool
    ) throws -> (status: Int32, errors: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments =
            ["-c", "ulimit -v 12000000; exec \"$@\"", "bash"]
            + (isUnbounded
                ? ["timeout", "-s", "INT", "-k", "60", "2", Program.path]
                : ["timeout", "-s", "KILL", "60", Program.path]) + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        var variables = ProcessInfo.processInfo.environment
        variables["VDB_DB"] = nil
        variables["XDG_CACHE_HOME"] = folder
        variables["SWIFT_BACKTRACE"] = "enable=no"
        process.environment = variables
        let errors = Pipe.uninherited()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        try process.start()
        let text = String(
            decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        // `timeout` answers 124 for a command that it ended; what vdb made of it stands before.
        var status = process.terminationStatus
        if process.terminationReason == .uncaughtSignal { status += 128 }
        if isUnbounded, status == 124 { status = 130 }
        return (status, text)
    }
}
