import Foundation

// The container format of cache files: of the vector index and the lexical index.
//
//     0                 magic (8 bytes), version (4), zeros up to 4,096
//     4,096             section, padded to a multiple of 4,096
//     …                 section, …
//     size - 4,096      trailer: fields, section table, checksum (its last 16 bytes)
//
// Invariants:
// 1. All integers are little-endian; sections start on a page, so that their elements are aligned.
// 2. The trailer's checksum (XXH3, 128 bits) covers the first page and the trailer, and is verified
//    on opening. Each section's checksum is in the trailer, and verified only by `verify()`:
//    reading all of a large file would make opening slow.
// 3. The file is written under another name and renamed; a truncated file has no valid trailer.

/// Identifies a kind of cache file.
package struct SectionFileKind: Sendable {
    /// Eight bytes of ASCII.
    package let magic: String
    /// The format version. Files of other versions are rejected, and rebuilt.
    package let version: UInt32
    /// The kind's name in messages.
    package let name: String

    package init(magic: String, version: UInt32, name: String) {
        precondition(magic.utf8.count == 8)
        (self.magic, self.version, self.name) = (magic, version, name)
    }
}

/// The sections of a kind of file; raw values are part of the format.
package protocol SectionName: RawRepresentable, CaseIterable, Hashable, Sendable
where RawValue == UInt32 {}

/// What is wrong with a cache file, as facts.
package enum SectionFileError: Error, Equatable, Sendable {
    case file(FileError)
    /// The file does not begin with this kind's magic.
    case notThisKind(path: String, expected: String)
    case unsupportedVersion(path: String, found: Int, supported: Int)
    /// Bytes that contradict their checksum or each other.
    case damaged(path: String, part: String, reason: String)
}

extension SectionFileError: CustomStringConvertible, LocalizedError {
    package var description: String {
        switch self {
        case .file(let error): return error.description
        case .notThisKind(let path, let expected):
            return "\(path): is not \(expected)"
        case .unsupportedVersion(let path, let found, let supported):
            return "\(path): has format version \(found), not \(supported)"
        case .damaged(let path, let part, let reason):
            return "\(path): damaged \(part): \(reason)"
        }
    }

    package var errorDescription: String? { description }
}

/// The layout of a cache file.
package enum SectionFileLayout {
    /// Sections start at multiples of this many bytes.
    package static let page = 4096
    /// The offset of the section table in the trailer, after the fields.
    package static let tableOffset = 2048
    /// The size of a table entry: name, offset, count (8 bytes each) and checksum.
    package static let entryBytes = 40
    /// The size of the checksum at the end of the file.
    package static let checksumBytes = 16

    static func firstPage(_ kind: SectionFileKind) -> [UInt8] {
        var page = Array(kind.magic.utf8)
        withUnsafeBytes(of: kind.version.littleEndian) { page += $0 }
        return page + [UInt8](repeating: 0, count: Self.page - page.count)
    }

    package static func checksum(
        firstPage: UnsafeRawBufferPointer, trailer: UnsafeRawBufferPointer
    ) -> [UInt8] {
        let hasher = ContentHasher()
        hasher.update(firstPage)
        hasher.update(trailer)
        return hasher.finalize().bytes
    }
}
