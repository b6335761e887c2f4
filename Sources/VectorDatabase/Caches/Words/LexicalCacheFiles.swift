import DocumentStore
import FileFormat
import Foundation
import LexicalIndex

/// The cache files of a collection's lexical index.
///
///     passage keys    0 ................. K0 ........ K1 ..... now
///     main segment    [==================]
///     recent segment                      [==========]
///     tail (memory)                                   [=======]
///
/// New passages rewrite only the recent segment. When it has grown to a fraction of the main one,
/// the two are merged.
///
/// Invariants:
/// 1. The database is the truth. A file counts only if it names this database and collection, and a
///    place in the change log that this history has passed.
/// 2. The recent segment names the main one that it continues, by its place in the log; with
/// another main segment it is ignored.
/// 3. Passages deleted from the main segment before the recent one was written are listed in the
/// recent one; later deletions are in the change log.
struct LexicalCacheFiles: Sendable {
    let main: String
    let recent: String
    let fileSystem: any FileSystem

    var signatures: [FileSignature?] {
        [FileSignature(path: main), FileSignature(path: recent)]
    }

    func remove() {
        for path in [main, recent] { removeIfThere(path) }
    }

    func removeIfThere(_ path: String) { try? fileSystem.remove(path) }
}

/// The segments of a collection that match the database.
struct LexicalCacheContents {
    var main: LiveSegment?
    /// Only set together with `main`.
    var recent: LiveSegment?

    /// The place from which the change log must be read; `nil` without files.
    var place: LexicalHeader.Place? { (recent ?? main)?.segment.header.place }

    /// Passages with keys beyond this are not covered.
    var throughKey: Int64 { (recent ?? main)?.segment.header.throughKey ?? 0 }

    var segments: [LiveSegment] { [main, recent].compactMap { $0 } }
}

/// Opens the files and decides whether they match the database. A file that does not is ignored;
/// that is never an error.
struct LexicalCacheReader {
    let record: CollectionRecord
    let files: LexicalCacheFiles
    let store: DocumentStore

    func open() throws -> LexicalCacheContents {
        guard let main = segment(files.main), main.header.predecessor == nil else {
            return LexicalCacheContents()
        }
        if let recent = segment(files.recent), recent.header.predecessor == main.header.place,
            recent.count == 0 || main.count == 0 || recent.key(at: 0) > main.header.throughKey,
            try isCurrent(recent.header.place)
        {
            return LexicalCacheContents(
                main: LiveSegment(main, deleted: recent.deletionsBefore),
                recent: LiveSegment(recent))
        }
        guard try isCurrent(main.header.place) else { return LexicalCacheContents() }
        return LexicalCacheContents(main: LiveSegment(main))
    }

    private func segment(_ path: String) -> LexicalSegment? {
        guard let segment = try? LexicalSegment(path: path, fileSystem: files.fileSystem),
            segment.header.databaseIdentity == UUID(bytes: store.identity.bytes),
            segment.header.collection == record.id
        else { return nil }
        return segment
    }

    /// Whether this database's history has passed that place, and the log still reaches back to it.
    private func isCurrent(_ place: LexicalHeader.Place) throws -> Bool {
        try store.historyToken(at: place.position, in: record) == place.token
    }
}
