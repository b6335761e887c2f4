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
/// reaches back to it; or where the log has another token at its position (two copies of one
/// database went on apart, and the file is the other's).
struct CacheReader {
    let record: CollectionRecord
    let files: CacheFiles
    let store: DocumentStore

    func open() throws -> Caches {
        let now = try store.position(of: record)
        guard let flat = flatFile(), try isCurrent(flat.header) else {
            return Caches(graph: nil, flat: nil, position: now)
        }
        if let graph = graphFile(), graph.header.changeLogPosition <= flat.header.changeLogPosition,
            try isCurrent(graph.header)
        {
            return Caches(graph: graph, flat: flat, position: graph.header.changeLogPosition)
        }
        return Caches(graph: nil, flat: flat, position: flat.header.changeLogPosition)
    }

    /// The graph alone, to be extended by a writer.
    func openGraph() throws -> HNSWIndex? {
        guard let graph = graphFile(), try isCurrent(graph.header) else { return nil }
        return graph
    }

    /// The flat file alone, to be extended by a writer.
    func openFlat() throws -> VectorFile? {
        guard let flat = flatFile(), try isCurrent(flat.header) else { return nil }
        return flat
    }

    private func graphFile() -> HNSWIndex? {
        guard let graph = try? HNSWIndex(path: files.graph, fileSystem: files.fileSystem),
            graph.parameters == record.indexParameters
        else { return nil }
        return graph
    }

    private func flatFile() -> VectorFile? {
        guard let flat = try? VectorFile(path: files.flat, fileSystem: files.fileSystem),
            flat.dimensions == record.dimensions,
            flat.metric == record.indexParameters.metric, flat.element == record.flatElement
        else { return nil }
        return flat
    }

    /// Whether the file was made from this database's own history, and the log still reaches back
    /// to where it ends.
    private func isCurrent(_ header: IndexHeader) throws -> Bool {
        guard
            let token = try store.historyToken(at: header.changeLogPosition, in: record)
        else { return false }
        return header
            == record.header(of: store, position: header.changeLogPosition, token: token)
    }
}

extension CollectionRecord {
    /// What a cache file that covers the change log up to `position` says of itself.
    ///
    /// - Throws: `StoreError.changesPruned` where the log no longer reaches back to there.
    func header(of store: DocumentStore, position: Int64) throws -> IndexHeader {
        guard let token = try store.historyToken(at: position, in: self) else {
            throw StoreError.changesPruned(
                collection: name, position: position,
                prunedThrough: try store.position(of: self))
        }
        return header(of: store, position: position, token: token)
    }

    func header(of store: DocumentStore, position: Int64, token: Int64) -> IndexHeader {
        var fingerprint = model.fingerprint
        let hash = fingerprint.withUTF8 { ContentHash(of: UnsafeRawBufferPointer($0)) }
        return IndexHeader(
            databaseIdentity: UUID(bytes: store.identity.bytes), collection: id,
            modelFingerprint: hash, changeLogPosition: position, historyToken: token)
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
