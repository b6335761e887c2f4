import Foundation

/// A character encoding that iconv can read.
package struct TextEncoding: Sendable, Hashable {
    /// The name, as iconv knows it.
    package let name: String

    /// - Parameter name: such as `ISO-8859-15`, `SHIFT_JIS` or `UTF-16LE`; `nil` results if the system
    ///   does not know it.
    package init?(_ name: String) {
        guard !name.isEmpty, !name.utf8.contains(0), Converter(from: name) != nil else {
            return nil
        }
        self.name = name
    }

    /// - Parameter name: a name that may turn out to be unknown when it is used.
    package init(unchecked name: String) { self.name = name }

    /// The Western European encoding of Windows.
    package static let windows1252 = TextEncoding(unchecked: "WINDOWS-1252")

    /// The encoding that the byte order mark at the start of a text says; `nil` for none, and for that
    /// of UTF-8.
    package init?(byteOrderMark start: some Collection<UInt8>) {
        let start = Array(start.prefix(4))
        if start == [0xFF, 0xFE, 0, 0] || start == [0, 0, 0xFE, 0xFF] {
            name = "UTF-32"
        } else if start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]) {
            name = "UTF-16"
        } else {
            return nil
        }
    }
}

/// One conversion to UTF-8.
private final class Converter {
    let handle: iconv_t

    init?(from name: String) {
        guard let handle = iconv_open("UTF-8", name), Int(bitPattern: handle) != -1 else {
            return nil
        }
        self.handle = handle
    }

    deinit { iconv_close(handle) }
}

/// A text in another encoding as a stream in UTF-8.
package final class TranscodingStream: ByteStream {
    private let base: any ByteStream
    private let encoding: TextEncoding
    private let converter: Converter
    private var input: [UInt8] = []
    private var isAtEnd = false
    /// Converted bytes that did not fit the caller's buffer.
    private var output: [UInt8] = []
    /// The number of bytes converted so far.
    private var offset = 0

    private static let chunk = 1 << 16
    /// What the stream below gave last.
    private var piece = [UInt8](repeating: 0, count: chunk)
    /// What iconv returns if it stops before the end: `(size_t)-1`, and C's `size_t` is `Int` here.
    private static let failure = -1

    /// - Throws: `ByteStreamError.undecodable` if the encoding is not known any more.
    package init(_ base: any ByteStream, from encoding: TextEncoding) throws(ByteStreamError) {
        guard let converter = Converter(from: encoding.name) else {
            throw .undecodable(name: base.name, encoding: encoding.name, offset: 0)
        }
        self.base = base
        self.encoding = encoding
        self.converter = converter
    }

    package var name: String { base.name }
    package var position: Int { base.position }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while output.isEmpty {
            if isAtEnd, input.isEmpty { return 0 }
            if !isAtEnd { try refill() }
            try convert()
        }
        let count = min(output.count, buffer.count)
        buffer.copyBytes(from: output[..<count])
        output.removeFirst(count)
        return count
    }

    private func refill() throws {
        let got = try piece.withUnsafeMutableBytes { try base.read(into: $0) }
        piece.withUnsafeBytes {
            input.append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[..<got]))
        }
        if got == 0 { isAtEnd = true }
    }

    /// Converts what is there, apart from a character that is not complete yet.
    private func convert() throws(ByteStreamError) {
        // No encoding of iconv gives more than four bytes of UTF-8 for one byte.
        var converted = [UInt8](repeating: 0, count: 4 * input.count + 16)
        var (inputLeft, outputLeft) = (input.count, converted.count)
        var code: Int32 = 0
        let capacity = converted.count
        input.withUnsafeMutableBytes { input in
            converted.withUnsafeMutableBytes { converted in
                var from = input.baseAddress?.assumingMemoryBound(to: CChar.self)
                var to = converted.baseAddress?.assumingMemoryBound(to: CChar.self)
                if iconv(converter.handle, &from, &inputLeft, &to, &outputLeft) == Self.failure {
                    code = errno
                }
                // At the end, what a stateful encoding still holds.
                if isAtEnd, code == 0 {
                    _ = iconv(converter.handle, nil, nil, &to, &outputLeft)
                }
            }
        }
        let used = input.count - inputLeft
        offset += used
        input.removeFirst(used)
        let isCut = code == EINVAL && isAtEnd
        if code == EILSEQ || isCut {
            throw .undecodable(name: name, encoding: encoding.name, offset: offset)
        }
        output = Array(converted.prefix(capacity - outputLeft))
    }

    /// A whole text as UTF-8.
    ///
    /// - Parameter name: the text's name in errors.
    package static func text(
        _ bytes: [UInt8], from encoding: TextEncoding, name: String
    ) throws -> String {
        let stream = try TranscodingStream(ArrayStream(bytes, name: name), from: encoding)
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: chunk)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try stream.read(into: $0) }
            if count == 0 { break }
            result += buffer[..<count]
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// Bytes in memory as a stream.
package final class ArrayStream: ByteStream {
    package let name: String
    package private(set) var position = 0
    private let bytes: [UInt8]

    /// - Parameter name: the stream's name in messages.
    package init(_ bytes: [UInt8], name: String) {
        self.bytes = bytes
        self.name = name
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(bytes.count - position, buffer.count)
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}
