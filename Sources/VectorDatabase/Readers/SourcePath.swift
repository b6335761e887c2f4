import FileFormat
import TextBytes

/// The path of a file or folder as the system stores it: bytes, usually but not always UTF-8.
public struct SourcePath: Sendable, Hashable {
    /// The bytes of the path, without a terminating NUL.
    public let bytes: [UInt8]

    /// A path in UTF-8.
    public init(_ path: String) { bytes = Array(path.utf8) }

    /// A path of any bytes.
    public init(bytes: [UInt8]) { self.bytes = bytes }

    /// Whether the path leads to a folder.
    public var isFolder: Bool {
        switch FolderListing.entry(at: bytes, name: []).kind {
        case .folder, .linkToFolder: true
        default: false
        }
    }

    /// The folder that a file is in.
    var parent: SourcePath {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return SourcePath(".") }
        return SourcePath(bytes: Array(bytes[..<max(slash, 1)]))
    }

    /// A file in this folder.
    func appending(_ name: [UInt8]) -> SourcePath {
        SourcePath(bytes: bytes.last == UInt8(ascii: "/") ? bytes + name : bytes + [47] + name)
    }
}

/// The path as text, for messages, ids and `Document.Source`.
///
/// A path in UTF-8 is unchanged. In any other, each invalid byte becomes an escape such as `\xE9`,
/// and each backslash is doubled, so that different paths stay different.
extension SourcePath: CustomStringConvertible {
    /// The path as text, with invalid bytes escaped.
    public var description: String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var text: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let valid =
                rest.withUnsafeBufferPointer { UTF8Check.firstInvalidByte(in: $0) } ?? rest.count
            for byte in rest.prefix(valid) {
                text += byte == UInt8(ascii: "\\") ? [byte, byte] : [byte]
            }
            rest = rest.dropFirst(valid)
            guard let byte = rest.popFirst() else { break }
            let digits = String(byte, radix: 16, uppercase: true)
            text += Array((byte < 16 ? "\\x0" : "\\x").utf8) + Array(digits.utf8)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
