import Foundation
import Synchronization
import TextBytes
import VectorDatabase

/// The model of the endpoints that encode texts: that of the default collection, else of the only one,
/// else the one that a new collection would get.
final class ServedModel: Sendable {
    /// How a text is meant.
    enum Form: String, Sendable, CaseIterable {
        case query, document

        var kind: EmbeddingQueue.Kind { self == .query ? .query : .document }
    }

    private let database: Database
    private let queue: EmbeddingQueue
    private let aliases: [String]
    let created = Int(Date().timeIntervalSince1970)

    init(database: Database, queue: EmbeddingQueue, aliases: [String]) {
        self.database = database
        self.queue = queue
        self.aliases = aliases
    }

    /// Opens the model when it is first needed, which may take a while.
    ///
    /// - Throws: ``DatabaseError``: `embedderMissing`, `embedderUnavailable` and others.
    func embedder() throws -> any Embedder {
        let names = try database.collectionNames()
        let name =
            names.first { $0.hasSameBytes(as: "default") }
            ?? (names.count == 1 ? names[0] : "default")
        let collection = database.collection(name)
        // A collection of ready-made vectors has no model of its own.
        let isWithoutModel =
            try collection.exists
            && (try collection.statistics(includesBytes: false).model == nil)
        let found =
            isWithoutModel
            ? try database.unrecordedEmbedder(for: name) : try collection.embedder
        return (found as? any EmbedderBehindQueue)?.worker ?? found
    }

    /// The names that requests may call it by, each alone, as `NAME:query` and as `NAME:document`.
    func names(of embedder: any Embedder) -> [String] {
        ([embedder.identity.name] + aliases).flatMap { name in
            [name] + Form.allCases.map { "\(name):\($0.rawValue)" }
        }
    }

    /// What a request's `model` stands for: documents, unless the name says otherwise.
    ///
    /// - Throws: `modelUnknown`.
    func form(ofModel name: String, _ embedder: any Embedder) throws(RequestFailure) -> Form {
        let names = names(of: embedder)
        guard names.contains(where: { $0.hasSameBytes(as: name) }) else {
            throw .modelUnknown(name: name, known: names)
        }
        return name.hasSuffix(":query") ? .query : .document
    }

    func encode(
        _ texts: [String], kind: EmbeddingQueue.Kind, with embedder: any Embedder
    ) async throws -> [EncodedText] {
        try queue.admit()
        return try await queue.encode(texts, kind: kind, priority: .query, with: embedder)
    }
}
