import FileFormat
import Foundation

/// The stored form of a passage's text: an LZ4 block if that is shorter, else UTF-8. The row's
/// `text_length` is the length of the UTF-8; if it equals the blob's length, the text is not
/// compressed.
package enum StoredText {
    /// The most bytes of text or metadata in one row; SQLite's limit is 1,000,000,000.
    package static let sizeLimit = 900_000_000
    /// Shorter texts are not worth compressing.
    private static let shortest = 64

    package static func encode(_ text: String) -> (bytes: Data, length: Int) {
        var text = text
        return text.withUTF8 { utf8 in
            let raw = UnsafeRawBufferPointer(utf8)
            if utf8.count >= shortest {
                // Texts too long for LZ4 are too long for a row, and were refused before.
                if let compressed = try? LZ4.compress(raw), !compressed.isEmpty,
                    compressed.count < utf8.count
                {
                    return (Data(compressed), utf8.count)
                }
            }
            return (Data(raw), utf8.count)
        }
    }

    /// - Throws: `FileError.corruptBlock`.
    package static func decode(_ bytes: Data, length: Int) throws(FileError) -> String {
        guard bytes.count != length else { return String(decoding: bytes, as: UTF8.self) }
        guard length >= 0, length <= sizeLimit else {
            throw .corruptBlock(expected: length)
        }
        var result = ""
        var failure: FileError?
        bytes.withUnsafeBytes { raw in
            do throws(FileError) {
                result = String(
                    decoding: try LZ4.decompress(raw, count: length), as: UTF8.self)
            } catch { failure = error }
        }
        if let failure { throw failure }
        return result
    }
}
