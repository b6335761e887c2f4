import DefaultModel
import Foundation
import PostgresTestSupport
import TestSupport
import Testing

/// The built `vdb`, run as a user runs it, in a folder of its own.
final class Program: Sendable {
    private let temporary = TemporaryFolder()
    var folder: String { temporary.path }
    /// The database that it uses unless options name another one; `nil` for its default.
    private let uri: String?
    /// The same, as a path in its folder, or a URI.
    var database: String { uri ?? "corpus.vdb" }

    init(_ store: TestStore) throws { uri = try store == .file ? nil : TestServer.database() }

    init() { uri = nil }

    /// What a run left.
    struct Result {
        let status: Int32
        let output: String
        let errors: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }
        var errorLines: [String] { errors.split(separator: "\n").map(String.init) }

        /// Each line of the output as a JSON object.
        var objects: [[String: Any]] { lines.map(Program.object) }
        var object: [String: Any] { Program.object(output) }
    }

    /// The program beside the test bundle, in the build folder.
    static let path: String = {
        let tests =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: tests).deletingLastPathComponent()
            .appendingPathComponent("vdb").path
    }()

    static func object(_ json: String) -> [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(json.utf8))) as? [String: Any] ?? [:]
    }

    func path(_ name: String) -> String { folder + "/" + name }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let url = URL(fileURLWithPath: path(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
        return name
    }

    /// Starts the program without waiting for it.
    func start(
        _ arguments: [String], input: Any?, output: Any?, errors: Any?,
        environment: [String: String] = [:]
    ) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        var variables = ProcessInfo.processInfo.environment
        variables["VDB_DB"] = uri
        process.environment = variables.merging(environment) { $1 }
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        try process.start()
        return process
    }

    /// Runs the program to its end.
    @discardableResult
    func run(
        _ arguments: String..., input: String = "", environment: [String: String] = [:]
    ) throws -> Result {
        try run(arguments, input: input, environment: environment)
    }

    @discardableResult
    func run(
        _ arguments: [String], input: String = "", environment: [String: String] = [:]
    ) throws -> Result {
        let names = ["in", "out", "err"].map { path(".\(UUID().uuidString).\($0)") }
        try Data(input.utf8).write(to: URL(fileURLWithPath: names[0]))
        for name in names[1...] { try Data().write(to: URL(fileURLWithPath: name)) }
        defer { for name in names { try? FileManager.default.removeItem(atPath: name) } }
        let process = try start(
            arguments, input: FileHandle(forReadingAtPath: names[0]),
            output: FileHandle(forWritingAtPath: names[1]),
            errors: FileHandle(forWritingAtPath: names[2]), environment: environment)
        process.waitUntilExitOrKill()
        func text(_ name: String) throws -> String {
            String(decoding: try Data(contentsOf: URL(fileURLWithPath: name)), as: UTF8.self)
        }
        return Result(
            status: process.terminationReason == .exit
                ? process.terminationStatus : 128 + process.terminationStatus,
            output: try text(names[1]), errors: try text(names[2]))
    }

    /// Runs the program, which must end with `status` and one line that contains `message`.
    func fails(
        _ status: Int32, _ message: String, _ arguments: String..., input: String = "",
        bytes: [UInt8]? = nil, location: SourceLocation = #_sourceLocation
    ) throws {
        let name = path(".input")
        try Data(bytes ?? Array(input.utf8)).write(to: URL(fileURLWithPath: name))
        let errors = Pipe.uninherited()
        let process = try start(
            arguments, input: FileHandle(forReadingAtPath: name),
            output: FileHandle.nullDevice, errors: errors)
        let text = String(
            decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == status, "\(text)", sourceLocation: location)
        let lines = text.split(separator: "\n")
        #expect(
            lines.count == 1 && text.hasPrefix("vdb: ") && text.contains(message), "\(text)",
            sourceLocation: location)
    }

    /// The built-in model as a folder, with one weight changed a little, so that its fingerprint is
    /// its own.
    func writeModel(_ name: String) throws {
        let url = URL(fileURLWithPath: path(name))
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        for file in DefaultModel.File.carried {
            var data = Data(file.bytes)
            if file == .weights { data[data.count - 2] ^= 1 }
            try data.write(to: url.appendingPathComponent(file.rawValue))
        }
    }

    /// Four documents with metadata.
    static let corpus = """
        {"_id":"tides","title":"Tides","text":"The moon pulls the oceans into two bulges.","year":2021,"lang":"en","tag":["sea","sky"]}
        {"_id":"bread","title":"Bread","text":"Yeast breathes out the gas that raises dough.","year":2019,"lang":"en","draft":true}
        {"_id":"apples","title":"Apples","text":"Bramleys keep until spring if they do not touch each other.","year":2023,"lang":"de"}
        {"_id":"onions","title":"","text":"Cutting an onion frees a gas that makes the eyes water.","metadata":{"year":2020,"lang":"en"}}

        """

    /// A collection large enough for a graph, of vectors on a circle and without texts.
    func ingestGraph(_ collection: String, _ options: String...) throws {
        let lines = (0..<10_100).map { number in
            let angle = Double(number)
            return #"{"_id":"\#(number)","text":"","vector":[\#(cos(angle)),\#(sin(angle))]}"#
        }
        try write("graph.jsonl", lines.joined(separator: "\n") + "\n")
        let result = try run(
            ["ingest", "graph.jsonl", "--collection", collection, "--quiet"] + options)
        #expect(result.status == 0, "\(result.errors)")
    }

    /// A database with the corpus.
    func ingestCorpus() throws {
        try write("corpus.jsonl", Self.corpus)
        let result = try run("ingest", "corpus.jsonl", "--quiet")
        #expect(result.status == 0 && result.errors.isEmpty && result.output.isEmpty)
    }
}

extension Dictionary<String, Any> {
    func int(_ key: String) -> Int? { self[key] as? Int }
    func string(_ key: String) -> String? { self[key] as? String }
    func list(_ key: String) -> [[String: Any]] { self[key] as? [[String: Any]] ?? [] }
    var hitIDs: [String] { list("hits").compactMap { $0.string("id") } }
}

extension Program {
    /// What a run shows on a terminal, standard output and standard error together.
    func onTerminal(_ arguments: [String]) throws -> String {
        // Linux's own way: TIOCSPTLCK unlocks, TIOCGPTN gives the number.
        let controller = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (lock, number) = (Int32(0), Int32(0))
        try #require(
            controller >= 0 && ioctl(controller, 0x4004_5431, &lock) == 0
                && ioctl(controller, 0x8004_5430, &number) == 0)
        let name = "/dev/pts/\(number)"
        let terminal = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(terminal >= 0)
        let handle = FileHandle(fileDescriptor: terminal, closeOnDealloc: false)
        let process = try start(
            arguments, input: FileHandle.nullDevice, output: handle, errors: handle)
        close(terminal)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(controller, &buffer, buffer.count)
            if count <= 0 { break }
            bytes += buffer[..<count]
        }
        close(controller)
        process.waitUntilExit()
        return String(decoding: bytes, as: UTF8.self)
    }
}
