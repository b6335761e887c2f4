import DocumentStore
import FileFormat
import Foundation
import VectorIndex

/// The caches of a collection that can be trusted now.
struct Caches {
    /// Only ever together with `flat`, whose keys include all of its.
    var graph: HNSWIndex?
    var flat: VectorFile?
    /// The change log from here on says what has been deleted since; the older of the two.
    var position: Int64
}

/// Opens cache files and decides whether they belong to the database as it is.
///
/// A file is passed over, never an error, where it is missing, cut short, damaged in what opening
/// reads, of another version, of another database, collection, model or parameters; where it is
/// newer than the database (an older one was put in its place); where the change log no longer
/// reaches back to it; or where sampled vectors are not the database's (two copies of one database
/// went on apart, and the file is the other's).
struct CacheReader {
    let record: CollectionRecord
    let files: CacheFiles
    let store: DocumentStore

    func open() throws -> Caches {
        let now = try store.position(of: record)
        guard let flat = flatFile(), try isCurrent(flat, now: now) else {
            return Caches(graph: nil, flat: nil, position: now)
        }
        if let graph = graphFile(), graph.header.changeLogPosition <= flat.header.changeLogPosition,
            try isCurrent(graph.header, now: now)
        {
            return Caches(graph: graph, flat: flat, position: graph.header.changeLogPosition)
        }
        return Caches(graph: nil, flat: flat, position: flat.header.changeLogPosition)
    }

    /// The graph alone, to be extended by a writer.
    func openGraph() throws -> HNSWIndex? {
        guard let graph = graphFile(), try isCurrent(graph.header, now: store.position(of: record))
        else { return nil }
        return graph
    }

    /// The flat file alone, to be extended by a writer.
    func openFlat() throws -> VectorFile? {
        guard let flat = flatFile(), try isCurrent(flat, now: store.position(of: record))
        else { return nil }
        return flat
    }

    private func graphFile() -> HNSWIndex? {
        guard let graph = try? HNSWIndex(path: files.graph),
            graph.parameters == record.indexParameters
        else { return nil }
        return graph
    }

    private func flatFile() -> VectorFile? {
        guard let flat = try? VectorFile(path: files.flat), flat.dimensions == record.dimensions,
            flat.metric == record.indexParameters.metric, flat.element == record.flatElement
        else { return nil }
        return flat
    }

    private func isCurrent(_ flat: VectorFile, now: Int64) throws -> Bool {
        guard try isCurrent(flat.header, now: now) else { return false }
        // Copies of one database share its identity, and their change logs may reach the same
        // position with other documents. The youngest rows tell them apart.
        guard flat.element == .float32, flat.count > 0 else { return true }
        let rows = Set([0, flat.count / 2, flat.count - 1])
        let sample = try store.vectors(forKeys: rows.map(flat.label(at:)).sorted(), in: record)
        return try sample.keys.indices.allSatisfy { row in
            let stored = sample.values[row * flat.dimensions..<(row + 1) * flat.dimensions]
            let cached = flat.vector(label: sample.keys[row]) ?? []
            // Another document's vector differs in most numbers; a damaged one in few, which is
            // for `vdb check` to say.
            let equal = try zip(cached, flat.metric.prepared(stored)).count { $0 == $1 }
            return 2 * equal >= flat.dimensions
        }
    }

    private func isCurrent(_ header: IndexHeader, now: Int64) throws -> Bool {
        let expected = record.header(of: store, position: header.changeLogPosition)
        guard header == expected, header.changeLogPosition <= now else { return false }
        do { _ = try store.changes(after: header.changeLogPosition, limit: 1, in: record) } catch {
            guard case .changesPruned = error else { throw error }
            return false
        }
        return true
    }
}

extension CollectionRecord {
    /// What a cache file written now says of itself.
    func header(of store: DocumentStore, position: Int64) -> IndexHeader {
        var fingerprint = model.fingerprint
        let hash = fingerprint.withUTF8 { ContentHash(of: UnsafeRawBufferPointer($0)) }
        return IndexHeader(
            databaseIdentity: UUID(bytes: store.identity.bytes), collection: id,
            modelFingerprint: hash, changeLogPosition: position)
    }

    var flatElement: FlatVectors.Element { elementType == .float16 ? .float16 : .float32 }
}

extension UUID {
    /// - Parameter bytes: 16 of them; missing ones are 0.
    init(bytes: [UInt8]) {
        let b = bytes + [UInt8](repeating: 0, count: max(0, 16 - bytes.count))
        self.init(
            uuid: (
                b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
                b[13], b[14], b[15]
            ))
    }
}
