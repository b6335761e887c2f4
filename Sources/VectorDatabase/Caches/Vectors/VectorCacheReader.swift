import DocumentStore
import FileFormat
import VectorIndex

/// The caches of a collection that can be trusted now.
struct VectorCacheContents {
    /// Only ever together with `flat`, whose keys include all of its.
    var graph: HNSWIndex?
    var flat: VectorFile?
    /// The change log from here on says what has been deleted since; the older of the two.
    var position: Int64
}

/// Opens cache files and decides whether they belong to the database as it is.
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
