import AutoRegEmbed
import Synchronization

/// Finds embedders and keeps those that are loaded, one for each fingerprint.
final class EmbedderResolver: Sendable {
    private let given: (any Embedder)?
    private let find: @Sendable (EmbedderIdentity?) throws -> (any Embedder)?
    private let loaded = Mutex<[String: any Embedder]>([:])
    /// Collections that recorded the given embedder when they were asked.
    private let served = Mutex<Set<String>>([])

    init(_ options: DatabaseOptions) {
        given = options.embedder
        find = options.findEmbedder
    }

    /// Whether the application named its embedder, rather than leaving it to what is recorded.
    var isGiven: Bool { given != nil }

    /// The embedder for a collection that records `identity`, or for one that records none.
    ///
    /// - Returns: `nil` where nothing is given and nothing can be found.
    /// - Throws: `embedderMismatch` where the embedder at hand is not the recorded one;
    ///   `embedderUnavailable` where loading fails.
    func embedder(for identity: EmbedderIdentity?, collection: String) throws -> (any Embedder)? {
        if let given {
            guard let identity else { return given }
            if identity.fingerprint == given.identity.fingerprint {
                try Self.compare(identity, given.identity, collection)
                served.withLock { _ = $0.insert(collection) }
                return given
            }
            // One that was re-encoded with since then, by this process.
            if let other = loaded.withLock({ $0[identity.fingerprint] }) { return other }
            // By another process: a reader that was served goes on with what is recorded now.
            if !served.withLock({ $0.contains(collection) }) {
                try Self.compare(identity, given.identity, collection)
            }
        }
        let key = identity?.fingerprint ?? ""
        return try loaded.withLock { loaded -> (any Embedder)? in
            if let embedder = loaded[key] { return embedder }
            guard let embedder = try Self.load(identity, find) else { return nil }
            if let identity { try Self.compare(identity, embedder.identity, collection) }
            loaded[key] = embedder
            return embedder
        }
    }

    /// Keeps an embedder that a collection has just been re-encoded with.
    func remember(_ embedder: any Embedder) {
        loaded.withLock { $0[embedder.identity.fingerprint] = embedder }
    }

    private static func load(
        _ identity: EmbedderIdentity?, _ find: (EmbedderIdentity?) throws -> (any Embedder)?
    ) throws -> (any Embedder)? {
        // Errors of the application's own pass as they are.
        do { return try find(identity) } catch let error as AutoRegEmbedError {
            throw DatabaseError.embedderUnavailable(
                path: identity?.path ?? "the model", reason: "\(error)")
        }
    }

    static func compare(
        _ recorded: EmbedderIdentity, _ given: EmbedderIdentity, _ collection: String
    ) throws {
        guard recorded.fingerprint == given.fingerprint, recorded.dimensions == given.dimensions
        else {
            throw DatabaseError.embedderMismatch(
                collection: collection, recorded: recorded, given: given)
        }
    }
}
