import DocumentStore
import FileFormat
import VectorIndex

/// The caches of a collection that match the database.
struct VectorCacheContents {
    /// Only set together with `flat`, which contains all of its keys.
    var graph: HNSWIndex?
    var flat: VectorFile?
    /// The change log must be read from here to find later deletions: the older position of the two
    /// files.
    var position: Int64
}

/// Opens cache files and decides whether they match the database.
///
/// A file is ignored, never an error, if it is missing, truncated, damaged in what opening reads, or of
/// another version, database, collection, model or parameters; if it is newer than the database (a
/// backup was restored); if the change log no longer reaches back to it; or if the log has another
/// token at its position (two copies of one database diverged, and the file is the other's).
struct VectorCacheReader {
    let record: CollectionRecord
    let files: VectorCacheFiles
    let store: DocumentStore

    func open() throws -> VectorCacheContents {
        let now = try store.position(of: record)
        guard let flat = flatFile(), try isCurrent(flat.header) else {
            return VectorCacheContents(graph: nil, flat: nil, position: now)
        }
        if let graph = graphFile(), graph.header.changeLogPosition <= flat.header.changeLogPosition,
            try isCurrent(graph.header)
        {
            return VectorCacheContents(
                graph: graph, flat: flat, position: graph.header.changeLogPosition)
        }
        return VectorCacheContents(graph: nil, flat: flat, position: flat.header.changeLogPosition)
    }

    /// The graph alone, for a writer to extend.
    func openGraph() throws -> HNSWIndex? {
        guard let graph = graphFile(), try isCurrent(graph.header) else { return nil }
        return graph
    }

    /// The flat file alone, for a writer to extend.
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
            flat.metric == record.indexParameters.metric, flat.element == record.elementType
        else { return nil }
        return flat
    }

    /// Whether the file was made from this database's own history, and the log still reaches back
    /// to its position.
    private func isCurrent(_ header: IndexHeader) throws -> Bool {
        guard
            let token = try store.historyToken(at: header.changeLogPosition, in: record)
        else { return false }
        return header
            == record.header(of: store, position: header.changeLogPosition, token: token)
    }
}
