import TextBytes

/// The path of a file or folder as the system has it: bytes, usually but not always UTF-8.
public struct SourcePath: Sendable, Hashable {
    public let bytes: [UInt8]

    public init(_ path: String) { bytes = Array(path.utf8) }

    public init(bytes: [UInt8]) { self.bytes = bytes }

    /// A file in this folder.
    func appending(_ name: [UInt8]) -> SourcePath {
        SourcePath(bytes: bytes.last == UInt8(ascii: "/") ? bytes + name : bytes + [47] + name)
    }
}

/// The path as text: what messages, identifiers and `Document.Source` call the file.
///
/// Of a path that is not UTF-8, each byte that is none becomes `\xE9`, and a backslash two, so that
/// different names stay different. A path in UTF-8 is itself.
extension SourcePath: CustomStringConvertible {
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
