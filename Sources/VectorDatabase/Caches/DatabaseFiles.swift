import FileFormat
import Foundation

/// Names of the files that belong to a database `corpus.vdb`.
///
/// | file | what |
/// | --- | --- |
/// | corpus.vdb | the truth; `corpus.vdb-wal` and `-shm` beside it while it is open |
/// | corpus.vdb-lock | held by the one writer; says who that is |
/// | corpus.vdb-index | cache: the graph of the collection `default` |
/// | corpus.vdb-vectors | cache: its vectors, flat |
/// | corpus.vdb-lexical, corpus.vdb-lexical-recent | cache: its words |
/// | corpus.vdb-NAME-index, corpus.vdb-NAME-vectors … | the same for the collection NAME |
///
/// In NAME, bytes other than ASCII letters, digits, `.` and `_` are written `%XX`: hyphens too, so
/// that no two collections, and no collection and a file of SQLite's, share a name.
struct DatabaseFiles: Sendable {
    let database: String

    static let defaultCollection = "default"

    var lock: String { database + "-lock" }

    func graph(of collection: String) -> String { database + infix(collection) + "-index" }

    func vectors(of collection: String) -> String { database + infix(collection) + "-vectors" }

    func lexical(
        of collection: String, fileSystem: any FileSystem = SystemFileSystem()
    ) -> LexicalFiles {
        let main = database + infix(collection) + "-lexical"
        return LexicalFiles(main: main, recent: main + "-recent", fileSystem: fileSystem)
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

    /// Bytes of a file; 0 where there is none.
    static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}

/// Which file a path names at a moment: another after it has been replaced by rename.
struct FileSignature: Equatable, Sendable {
    let device: UInt
    let inode: UInt
    let size: Int
    let seconds: Int
    let nanoseconds: Int

    /// `nil` where there is no file.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }
}
