import VectorDatabase

/// A step of a script that is run on a database and on a plain dictionary.
///
/// Printed, it is Swift that can be pasted into a test.
enum Operation: Sendable, Equatable {
    case ingest(
        [ScriptDocument], into: Int = 0, conflict: IngestOptions.Conflict = .replace, chunk: Int = 0
    )
    /// `count` documents with consecutive numbers, from `id` on.
    case ingestMany(id: Int, count: Int, text: Int, into: Int = 0, chunk: Int = 0)
    case delete([Int], from: Int = 0)
    case deleteWhere(Int, from: Int = 0)
    case indexField(Int, of: Int = 0)
    case dropField(Int, of: Int = 0)
    case query(
        Int, of: Int = 0, mode: QueryMode, limit: Int, filter: Int? = nil, exact: Bool = false,
        reader: Bool = false)
    case count(Int, in: Int = 0)
    case compareAll
    case check
    case reopen
    case compact
    /// Re-encodes with the hash of another seed.
    case reencode(Int, seed: Int)
    case reindex(Int, m: Int, int8: Bool)
    case backup(Int)
    /// Replaces the database by a backup, keeping the caches that are there.
    case restore(Int, dropsCaches: Bool)
    case dropCaches
    /// Removes one of the cache files.
    case dropCache(Int)
    /// Continues with a copy of the files of the open database, as after a kill.
    case crash
}

/// A document, given by numbers from which everything else follows.
struct ScriptDocument: Sendable, Equatable {
    var id: Int
    var text: Int
    var metadata = 0
    /// Has its own vector, of the wrong length if the document is bad.
    var hasVector = false
    var isBad = false

    init(_ id: Int, text: Int, metadata: Int = 0, hasVector: Bool = false, isBad: Bool = false) {
        self.id = id
        self.text = text
        self.metadata = metadata
        self.hasVector = hasVector
        self.isBad = isBad
    }
}

extension ScriptDocument: CustomStringConvertible {
    var description: String {
        ".init(\(id), text: \(text)" + (metadata == 0 ? "" : ", metadata: \(metadata)")
            + (hasVector ? ", hasVector: true" : "") + (isBad ? ", isBad: true" : "") + ")"
    }
}

extension Operation: CustomStringConvertible {
    var description: String {
        func place(_ label: String, _ collection: Int) -> String {
            collection == 0 ? "" : ", \(label): \(collection)"
        }
        switch self {
        case .ingest(let documents, let collection, let conflict, let chunk):
            return ".ingest(\(documents)" + place("into", collection)
                + (conflict == .replace ? "" : ", conflict: .\(conflict)")
                + (chunk == 0 ? "" : ", chunk: \(chunk)") + ")"
        case .ingestMany(let id, let count, let text, let collection, let chunk):
            return ".ingestMany(id: \(id), count: \(count), text: \(text)"
                + place("into", collection) + (chunk == 0 ? "" : ", chunk: \(chunk)") + ")"
        case .delete(let ids, let collection):
            return ".delete(\(ids)" + place("from", collection) + ")"
        case .deleteWhere(let filter, let collection):
            return ".deleteWhere(\(filter)" + place("from", collection) + ")"
        case .indexField(let field, let collection):
            return ".indexField(\(field)" + place("of", collection) + ")"
        case .dropField(let field, let collection):
            return ".dropField(\(field)" + place("of", collection) + ")"
        case .query(
            let text, let collection, let mode, let limit, let filter, let exact, let reader):
            return ".query(\(text)" + place("of", collection) + ", mode: .\(mode), limit: \(limit)"
                + (filter.map { ", filter: \($0)" } ?? "") + (exact ? ", exact: true" : "")
                + (reader ? ", reader: true" : "") + ")"
        case .count(let filter, let collection):
            return ".count(\(filter)" + place("in", collection) + ")"
        case .compareAll: return ".compareAll"
        case .check: return ".check"
        case .reopen: return ".reopen"
        case .compact: return ".compact"
        case .reencode(let collection, let seed): return ".reencode(\(collection), seed: \(seed))"
        case .reindex(let collection, let m, let int8):
            return ".reindex(\(collection), m: \(m), int8: \(int8))"
        case .backup(let slot): return ".backup(\(slot))"
        case .restore(let slot, let drops): return ".restore(\(slot), dropsCaches: \(drops))"
        case .dropCaches: return ".dropCaches"
        case .dropCache(let number): return ".dropCache(\(number))"
        case .crash: return ".crash"
        }
    }

    /// A test's body.
    static func source(_ script: [Operation]) -> String {
        "try await ModelRun.run([\n" + script.map { "    \($0),\n" }.joined() + "])"
    }
}

extension Operation {
    /// Smaller variants of the step, as candidates for shrinking.
    var smaller: [Operation] {
        switch self {
        case .ingest(let documents, let collection, let conflict, let chunk):
            guard documents.count > 1 else { return [] }
            let half = documents.count / 2
            var parts = [Array(documents[..<half]), Array(documents[half...])]
            if documents.count <= 8 {
                parts += documents.indices.map { index in
                    documents.enumerated().filter { $0.offset != index }.map(\.element)
                }
            }
            return parts.map { .ingest($0, into: collection, conflict: conflict, chunk: chunk) }
        case .ingestMany(let id, let count, let text, let collection, let chunk):
            return [1, count / 2, count - count / 4, count - 1].filter { $0 > 0 && $0 < count }.map
            {
                .ingestMany(id: id, count: $0, text: text, into: collection, chunk: chunk)
            }
        case .delete(let ids, let collection):
            guard ids.count > 1 else { return [] }
            return [Array(ids[..<(ids.count / 2)]), Array(ids[(ids.count / 2)...])].map {
                .delete($0, from: collection)
            }
        case .query(
            let text, let collection, let mode, let limit, let filter?, let exact, let reader):
            return [
                .query(
                    text, of: collection, mode: mode, limit: limit, exact: exact, reader: reader),
                .query(
                    text, of: collection, mode: mode, limit: limit, filter: filter, exact: exact),
            ]
        default: return []
        }
    }
}
