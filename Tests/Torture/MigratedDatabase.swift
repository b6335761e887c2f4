import Foundation
import GRDB
import TestSupport
import VectorDatabase

/// What is read of a kept database that `vdb` has brought to today's format.
struct MigratedDatabase: Equatable {
    private struct Stored: Equatable {
        var title: String
        var text: String
        var metadata: String
        var vector: [Float]?
    }

    /// The format's number.
    let version: Int
    /// By collection and identifier.
    private let documents: [String: [String: Stored]]
    /// By collection and query: identifiers of the hits.
    private let answers: [String: [String]]

    /// Has `vdb check` and SQLite look at it as well.
    init(_ path: String, program: String, _ expected: ExpectedDatabase) async throws {
        let check = try ChildProcess(program: program).run(
            ["check", "--db", path, "--quiet"], kill: .never)
        guard check.status == 0 else {
            throw KillLoop.Failure(
                description: "vdb check ends with \(check.status ?? -1): \(check.text)")
        }
        var options = DatabaseOptions()
        options.access = .readOnly
        let database = try Database(path: path, options: options)
        defer { try? database.close() }
        var documents: [String: [String: Stored]] = [:]
        var answers: [String: [String]] = [:]
        for expected in expected.collections {
            let collection = database.collection(expected.name)
            for try await document in collection.export(includesVectors: true) {
                documents[expected.name, default: [:]][document.id] = Stored(
                    title: document.title, text: document.text,
                    metadata: JSONValue.object(document.metadata).jsonText,
                    vector: document.vector)
            }
            for query in expected.lexical {
                answers["\(expected.name): \(query.query)"] =
                    try await collection.query(query.query, limit: 10, mode: .lexical)
                    .hits.map(\.id)
            }
        }
        self.documents = documents
        self.answers = answers
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        version = try await queue.read { try Int.fetchOne($0, sql: "PRAGMA user_version") ?? 0 }
        let integrity = try await queue.read {
            try String.fetchAll($0, sql: "PRAGMA integrity_check")
        }
        guard integrity == ["ok"] else {
            throw KillLoop.Failure(description: "integrity_check: \(integrity.prefix(3))")
        }
    }

    /// How it differs from what was written down when the database was kept; nil where it does not.
    func difference(from expected: ExpectedDatabase) -> String? {
        for collection in expected.collections {
            let found = documents[collection.name] ?? [:]
            guard found.count == collection.documents.count else {
                return "'\(collection.name)' has \(found.count) documents of "
                    + "\(collection.documents.count)"
            }
            for document in collection.documents {
                guard let found = found[document.id] else { return "\(document.id) is missing" }
                guard found.title == document.title, found.text == document.text,
                    found.metadata == document.metadata
                else { return "\(document.id) is another" }
                if let vector = document.vector, vector != found.vector {
                    return "\(document.id) has another vector"
                }
            }
        }
        return nil
    }
}
