import Foundation
import Synchronization

/// The parsers of untrusted bytes. Each accepts any bytes: it may refuse them by throwing one of its
/// typed errors (ignored here), but must not trap, leak, or use more memory and time than the
/// input's size justifies.
///
/// libFuzzer calls ``run(_:)`` with inputs that it evolves (`make fuzz`), `FuzzTests` with the
/// inputs under `Tests/FuzzTests/Corpus`: seeds, and inputs that once failed.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case json
    case tokenizer
    case configuration
    case safetensors
    case gguf
    case graph
    case vectors
    case lexical
    case records
    case filter
    /// `--where` against SQL.
    case condition = "where"
    case run
    case judgments
    case settings
    case messages

    package func run(_ input: [UInt8]) async throws {
        switch self {
        case .json: try JSONTarget.run(input)
        case .tokenizer: try TokenizerTarget.run(input)
        case .configuration: try ConfigurationTarget.run(input)
        case .safetensors: try SafetensorsTarget.run(input)
        case .gguf: try GGUFTarget.run(input)
        case .graph: try IndexTarget.graph.run(input)
        case .vectors: try IndexTarget.vectors.run(input)
        case .lexical: try LexicalTarget.run(input)
        case .records: try await RecordsTarget.run(input)
        case .filter: try FilterTarget.parse(input)
        case .condition: try FilterTarget.compareWithSQL(input)
        case .run: try EvaluationTarget.run(input)
        case .judgments: try EvaluationTarget.judgments(input)
        case .settings: SettingsTarget.run(input)
        case .messages: try await MessagesTarget.run(input)
        }
    }
}

/// An input was taken, and what came of it is wrong.
package struct FuzzFailure: Error, CustomStringConvertible {
    package let description: String

    static func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        if !condition { throw FuzzFailure(description: message()) }
    }
}

/// A file that holds an input, for readers that want a path. One for each use at a time.
struct InputFile: ~Copyable {
    private static let folder = NSTemporaryDirectory()
    private static let count = Atomic(0)

    let path: String

    init(_ bytes: [UInt8], ending: String = "") throws {
        let number = Self.count.wrappingAdd(1, ordering: .relaxed).newValue
        path = Self.folder + "vdb-fuzz-\(getpid())-\(number)\(ending)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    deinit { unlink(path) }
}
