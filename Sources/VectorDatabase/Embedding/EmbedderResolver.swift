import Embedding
import Synchronization
import TextBytes

/// Finds embedders and keeps the loaded ones, one for each fingerprint.
///
/// Invariants:
/// 1. No lock is held while the application's closure runs: it may use the database, and several
///    embedders may load at once.
/// 2. If several calls need the same fingerprint at once, one loads it and the others wait.
/// 3. A call never waits for a load that in turn waits for this call; it throws instead.
final class EmbedderResolver: Sendable {
    private let given: (any Embedder)?
    private let find: @Sendable (EmbedderIdentity?) throws -> (any Embedder)?
    private let loads = KeyedLoads<any Embedder>()
    /// The collections that have been served with the given embedder.
    private let served = Mutex<Set<Identifier>>([])

    init(
        given: (any Embedder)?,
        find: @escaping @Sendable (EmbedderIdentity?) throws -> (any Embedder)?
    ) {
        self.given = given
        self.find = find
    }

    /// Whether the application passed an embedder, rather than a function that finds recorded ones.
    var isGiven: Bool { given != nil }

    /// The embedder for a collection that records `identity`, or for one that records none.
    ///
    /// - Returns: `nil` if none was given and none is found.
    /// - Throws: `embedderMismatch` if the embedder that was found is not the recorded one;
    ///   `embedderUnavailable` if loading fails.
    func embedder(for identity: EmbedderIdentity?, collection: String) throws -> (any Embedder)? {
        if let given {
            guard let identity else { return given }
            if identity.fingerprint == given.identity.fingerprint {
                try Self.compare(identity, given.identity, collection)
                served.withLock { _ = $0.insert(Identifier(collection)) }
                return given
            }
            // This process has re-encoded the collection meanwhile.
            if let other = loads.value(for: identity.fingerprint) { return other }
            // Another process has: a reader that was served before continues with the newly
            // recorded one.
            if !served.withLock({ $0.contains(Identifier(collection)) }) {
                try Self.compare(identity, given.identity, collection)
            }
        }
        do { return try load(identity) } catch let error as Mismatch {
            throw DatabaseError.embedderMismatch(
                collection: collection, recorded: error.recorded, given: error.found)
        }
    }

    /// Keeps the embedder that a collection has just been re-encoded with.
    func remember(_ embedder: any Embedder) {
        loads.set(embedder, for: embedder.identity.fingerprint)
    }

    /// The key for collections that record no embedder.
    private static let unrecorded = ""

    private struct Mismatch: Error {
        let recorded: EmbedderIdentity
        let found: EmbedderIdentity
    }

    private func load(_ identity: EmbedderIdentity?) throws -> (any Embedder)? {
        do {
            return try loads.value(for: identity?.fingerprint ?? Self.unrecorded) {
                // An ingest into a new collection may have just loaded and recorded this one.
                if let identity, let other = loads.value(for: Self.unrecorded),
                    other.identity.fingerprint == identity.fingerprint
                {
                    return other
                }
                guard let found = try find(identity) else { return nil }
                if let identity, !Self.areEqual(identity, found.identity) {
                    throw Mismatch(recorded: identity, found: found.identity)
                }
                return found
            }
        } catch let error as EmbedderUnavailable {
            throw DatabaseError.embedderUnavailable(
                path: error.path, reason: "\(error.underlying)")
        } catch is KeyedLoads<any Embedder>.Cycle {
            throw DatabaseError.embedderUnavailable(
                path: identity?.path ?? identity?.name ?? "the model",
                reason: "finding it needs the same model")
        }
    }

    static func compare(
        _ recorded: EmbedderIdentity, _ given: EmbedderIdentity, _ collection: String
    ) throws {
        guard areEqual(recorded, given) else {
            throw DatabaseError.embedderMismatch(
                collection: collection, recorded: recorded, given: given)
        }
    }

    private static func areEqual(_ recorded: EmbedderIdentity, _ given: EmbedderIdentity) -> Bool {
        recorded.fingerprint == given.fingerprint && recorded.dimensions == given.dimensions
    }
}
