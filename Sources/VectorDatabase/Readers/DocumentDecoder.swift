import JSON

/// Reads documents that a program has received as JSON objects, by the rules of JSON Lines.
///
/// A document without an id gets one made from its content, so that sending it twice is sending it once.
package struct DocumentDecoder {
    private let reader: JSONLinesReader
    private let place = Place()

    /// - Parameter name: the source in errors, such as `body`.
    package init(name: String) {
        reader = JSONLinesReader(
            place, file: InputFile(path: name), options: SourceOptions())
    }

    /// The document in one JSON object.
    ///
    /// - Parameter line: its place in the source, from 1.
    /// - Returns: `nil` for white space, and for the first line of an export.
    /// - Throws: ``SourceError`` of one record.
    package func document(
        in bytes: UnsafeBufferPointer<UInt8>, line: Int
    ) throws(SourceError) -> Document? {
        if bytes.allSatisfy({ isSpace($0) }) { return nil }
        place.line = line
        guard var document = try reader.document(in: bytes) else { return nil }
        document.source = nil
        if document.id.isEmpty { document.id = document.contentID }
        return document
    }

    /// The line of the record that is read; records are passed in, not pulled.
    private final class Place: JSONRecordSource {
        var line = 0
        var ordinal: Int { line }
        var position: Int { 0 }

        func nextRecord(
            _ body: (UnsafeBufferPointer<UInt8>) throws -> Document?
        ) throws -> Document?? { nil }
    }
}
