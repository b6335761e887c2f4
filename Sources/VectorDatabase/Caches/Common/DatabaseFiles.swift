import Foundation

/// The names of the files that belong to a database, here `corpus.vdb`.
///
/// | file | what |
/// | --- | --- |
/// | corpus.vdb | the data, with `corpus.vdb-wal` and `-shm` while it is open |
/// | corpus.vdb-lock | locked by the one writer; names it |
/// | corpus.vdb-index | cache: the graph of the collection `default` |
/// | corpus.vdb-vectors | cache: its vectors, flat |
/// | corpus.vdb-lexical, corpus.vdb-lexical-recent | cache: its words |
/// | corpus.vdb-NAME-index, corpus.vdb-NAME-vectors … | the same for the collection NAME |
///
/// In NAME, bytes other than ASCII letters, digits, `.` and `_` are written `%XX`. That includes
/// hyphens, so that the names of two collections, or of a collection and SQLite's files, never
/// collide.
struct DatabaseFiles: Sendable {
    let database: String

    static let defaultCollection = "default"

    var lock: String { database + "-lock" }

    func graph(of collection: String) -> String { database + infix(collection) + "-index" }

    func vectors(of collection: String) -> String { database + infix(collection) + "-vectors" }

    func words(of collection: String) -> String { database + infix(collection) + "-lexical" }

    func recentWords(of collection: String) -> String { words(of: collection) + "-recent" }

    /// All cache files of a collection.
    func caches(of collection: String) -> [String] {
        [
            graph(of: collection), vectors(of: collection), words(of: collection),
            recentWords(of: collection),
        ]
    }

    /// The sizes of a collection's cache files in bytes; 0 for a missing one.
    func cacheBytes(of collection: String) -> (graph: Int, vectors: Int, words: Int) {
        (
            Self.size(of: graph(of: collection)), Self.size(of: vectors(of: collection)),
            Self.size(of: words(of: collection)) + Self.size(of: recentWords(of: collection))
        )
    }

    private func infix(_ collection: String) -> String {
        collection == Self.defaultCollection ? "" : "-" + Self.encode(collection)
    }

    static func encode(_ name: String) -> String {
        name.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"):
                String(Unicode.Scalar(byte))
            default:
                "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }

    /// Bytes of a file; 0 if there is none.
    static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}
