import FileFormat
import JSON
import TextBytes

/// Reads JSON Lines, or the elements of a JSON array: one object per line or element, with the keys
/// `_id` or `id`, `title`, `text`, `metadata` and `vector`.
///
/// - An id is a string or an integer; a missing one is derived from the file and line.
/// - `metadata` is an object. Any other key counts as metadata, too, unless that object has it.
/// - `vector` is an array of numbers, stored as it is.
/// - An export (`vdb export`) begins with a line that is not a document, but `CollectionSettings`.
///   In its documents, `passages` says how the text is cut.
/// - Empty lines are skipped.
final class JSONLinesReader: RecordReader {
    private let lines: any JSONRecordSource
    private let file: InputFile
    private let options: SourceOptions
    private let needsText: Bool
    private var dimensions = 0
    /// Called with the settings in the first line of an export.
    var noteExport: ((CollectionSettings) -> Void)?
    private var isExport = false

    /// - Parameter needsText: whether a line without text and vector is an error.
    init(
        _ lines: any JSONRecordSource, file: InputFile, options: SourceOptions,
        needsText: Bool = true
    ) {
        self.lines = lines
        self.file = file
        self.options = options
        self.needsText = needsText
    }

    var position: Int { lines.position }

    func next() throws -> Document? {
        while true {
            let result = try file.translating {
                try lines.nextRecord { bytes -> Document? in
                    if bytes.allSatisfy({ isSpace($0) }) { return nil }
                    return try document(in: bytes)
                }
            }
            guard let result else { return nil }
            if let result { return result }
        }
    }

    /// - Returns: `nil` for the first line of an export.
    func document(in bytes: UnsafeBufferPointer<UInt8>) throws(SourceError) -> Document? {
        if let offset = UTF8Check.firstInvalidByte(in: bytes) {
            throw .notUTF8(path: file.path, line: lines.line, column: offset + 1)
        }
        var reader = JSONReader(UnsafeRawBufferPointer(bytes), rules: Self.rules)
        var record = Record()
        do throws(JSONError) {
            try reader.enterObject()
            while let key = try reader.nextKey() { try read(key, &reader, into: &record) }
            try reader.end()
        } catch {
            throw .malformed(path: file.path, line: lines.line, fault: .notJSON(error))
        }
        return try finish(record)
    }

    /// Lines are checked for UTF-8 before. U+0000 is refused because it could not be stored.
    private static let rules = JSONReader.Rules(
        maximumDepth: JSONValue.maximumDepth, refusesNull: true, isKnownUTF8: true)

    /// The content of a line, before it is known to be complete.
    private struct Record {
        var underscoreID: JSONValue?
        var id: JSONValue?
        var title: JSONValue?
        var text: JSONValue?
        var vector: [Float]?
        var strangeVector: JSONValue?
        var metadata: JSONValue?
        var others = JSONObject()
    }

    private func read(_ key: String, _ reader: inout JSONReader, into record: inout Record)
        throws(JSONError)
    {
        func fill(_ field: inout JSONValue?) throws(JSONError) {
            if field != nil { throw reader.repeated(key) }
            field = try JSONValue(&reader)
        }
        if let idField = options.idField {
            if key.hasSameBytes(as: idField) { return try fill(&record.underscoreID) }
        } else if key == "_id" {
            return try fill(&record.underscoreID)
        } else if key == "id" {
            return try fill(&record.id)
        }
        if key.hasSameBytes(as: options.textField ?? "text") {
            try fill(&record.text)
        } else if key.hasSameBytes(as: options.titleField ?? "title") {
            try fill(&record.title)
        } else if key == "vector" {
            if record.vector != nil || record.strangeVector != nil { throw reader.repeated(key) }
            if reader.peek() == UInt8(ascii: "["), let vector = numbers(&reader) {
                record.vector = vector
            } else {
                try fill(&record.strangeVector)
            }
        } else if key == "metadata" {
            try fill(&record.metadata)
        } else {
            if record.others.contains(key: key) { throw reader.repeated(key) }
            record.others[key] = try JSONValue(&reader)
        }
    }

    /// The array of numbers that begins here. If it holds anything else: `nil`, and nothing is
    /// consumed.
    private func numbers(_ reader: inout JSONReader) -> [Float]? {
        var ahead = reader
        guard let vector = try? ahead.floats(reserving: dimensions) else { return nil }
        dimensions = vector.count
        reader = ahead
        return vector
    }

    /// The settings in a record that is the first line of an export; `nil` if it is a document.
    private func settings(in record: Record) throws(SourceError) -> CollectionSettings? {
        guard record.text == nil, let version = record.others[CollectionSettings.exportKey]
        else { return nil }
        guard let settings = CollectionSettings(exportLine: record.others) else {
            throw .malformed(
                path: file.path, line: lines.line, fault: .unknownExport(version: version.jsonText))
        }
        return settings
    }

    /// Parses how the document of an export was cut.
    private static func passages(_ value: JSONValue?) -> [Document.Passage]? {
        guard case .array(let values)? = value else { return nil }
        let passages = values.compactMap { value -> Document.Passage? in
            guard case .object(let passage) = value, case .integer(let start)? = passage["start"],
                let start = Int(exactly: start), start >= 0
            else { return nil }
            guard case .array(let numbers)? = passage["vector"] else {
                return Document.Passage(start: start)
            }
            let vector = numbers.compactMap { $0.doubleValue.map { Float($0) } }
            guard vector.count == numbers.count, vector.allSatisfy(\.isFinite) else { return nil }
            return Document.Passage(start: start, vector: vector)
        }
        return passages.count == values.count ? passages : nil
    }

    private func finish(_ record: Record) throws(SourceError) -> Document? {
        if let settings = try settings(in: record) {
            isExport = true
            noteExport?(settings)
            return nil
        }
        let line = lines.line
        func wrong(_ field: String, _ expected: String, _ found: JSONValue) -> SourceError {
            .wrongType(
                path: file.path, line: line, field: field, expected: expected,
                found: found.kindDescription)
        }
        let ordinal = lines.ordinal
        var document = Document(id: "", text: "", source: file.place(ordinal))
        let idField = options.idField ?? (record.underscoreID == nil ? "id" : "_id")
        switch record.underscoreID ?? record.id {
        case nil, .null: document.id = file.derivedID(ordinal)
        case .string(let id) where !id.isEmpty: document.id = id
        case .integer(let id): document.id = String(id)
        case .largeInteger(let id): document.id = id.description
        case let found?: throw wrong(idField, "a string that is not empty, or an integer", found)
        }
        switch record.title {
        case nil, .null: break
        case .string(let title): document.title = title
        case let found?: throw wrong(options.titleField ?? "title", "a string", found)
        }
        if let found = record.strangeVector, found != .null {
            throw wrong("vector", "an array of numbers", found)
        }
        if let vector = record.vector {
            guard vector.allSatisfy(\.isFinite) else {
                throw .wrongType(
                    path: file.path, line: line, field: "vector",
                    expected: "an array of 32-bit floats",
                    found: "an array with a number beyond their range")
            }
            document.vector = vector
        }
        switch record.text {
        case .string(let text): document.text = text
        case .null? where record.vector != nil, nil where record.vector != nil || !needsText: break
        case nil: throw missingText(record)
        case let found?: throw wrong(options.textField ?? "text", "a string", found)
        }
        document.metadata = record.others
        if isExport, let passages = document.metadata["passages"] {
            document.metadata["passages"] = nil
            guard let cut = Self.passages(passages) else {
                throw wrong("passages", "an array of objects with a start and a vector", passages)
            }
            document.passages = cut
        }
        if let id = record.id, record.underscoreID != nil { document.metadata["id"] = id }
        switch record.metadata {
        case nil, .null: break
        case .object(let members): document.metadata.merge(members) { _, inner in inner }
        case let found?: throw wrong("metadata", "an object", found)
        }
        return document
    }

    private func missingText(_ record: Record) -> SourceError {
        var fields = record.others.keys.sorted { $0.precedesByBytes($1) }
        if record.id != nil { fields.insert("id", at: 0) }
        if record.underscoreID != nil { fields.insert(options.idField ?? "_id", at: 0) }
        if record.title != nil { fields.append(options.titleField ?? "title") }
        return .missingField(
            path: file.path, line: lines.line, field: options.textField ?? "text", fields: fields)
    }
}

extension JSONValue {
    /// The kind of value, with an article: `a string`.
    var kindDescription: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .largeInteger, .number: "a number"
        case .string(let text): text.isEmpty ? "an empty string" : "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
