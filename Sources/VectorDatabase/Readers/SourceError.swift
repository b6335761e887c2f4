import JSON

/// Why documents could not be read, as facts. `description` states them: `corpus.jsonl:1234: …`.
/// Lines, columns and bytes count from 1.
public enum SourceError: Error, Sendable, Equatable {
    // The file as a whole.
    /// There is no such file or folder.
    case missing(path: String)
    /// A symbolic link whose target does not exist.
    case brokenLink(path: String)
    /// The system refused to open or read the file.
    case unreadable(path: String, reason: String)
    /// Compressed data that is damaged or truncated.
    case damaged(path: String, reason: String)
    /// A text is not in the given encoding; `byte` is the first that is not, from 1.
    case undecodable(path: String, encoding: String, byte: Int)
    /// A program or library that reads the format is not installed; `package` is Debian's that has it.
    case libraryMissing(path: String, library: String, package: String)
    /// The file is protected by a password.
    case encrypted(path: String)
    /// The file is not of its format, or nested too deep, or takes too long: `reason` is the predicate
    /// of a sentence about it.
    case unusableContent(path: String, reason: String)
    /// The format cannot be detected from the name or the content.
    case unknownFormat(path: String)
    /// A CSV header lacks a required column.
    case missingColumn(path: String, column: String, columns: [String])
    /// A file of vectors cannot be used.
    case unusableVectors(path: String, fault: VectorFileFault)
    /// The file of ids does not have one for each vector.
    case idCount(path: String, ids: String, vectors: Int, found: Int)
    /// A file that must be read whole is longer than ``SourceOptions/recordLimit`` bytes.
    case fileTooLarge(path: String, limit: Int)

    // One record.
    /// A line is not UTF-8; `column` is the first invalid byte of the line.
    case notUTF8(path: String, line: Int, column: Int)
    /// A line has a NUL byte.
    case containsNUL(path: String, line: Int)
    /// A record is longer than ``SourceOptions/recordLimit`` bytes.
    case recordTooLong(path: String, line: Int, limit: Int)
    /// A record violates its format.
    case malformed(path: String, line: Int, fault: RecordFault)
    /// A JSON object lacks a required key; `fields` are the keys that it has.
    case missingField(path: String, line: Int, field: String, fields: [String])
    /// The value of a key has the wrong type; `expected` and `found` are noun phrases.
    case wrongType(path: String, line: Int, field: String, expected: String, found: String)

    /// What is wrong with one record, or with a header.
    public enum RecordFault: Sendable, Equatable {
        // CSV.
        case emptyFile
        case duplicateColumn(String)
        case fieldCount(found: Int, header: Int)
        case unclosedQuote
        /// A cell cannot be of the type that ``SourceOptions/columnTypes`` gives its column.
        case cellType(column: String, expected: CSVColumnType, found: String)
        /// A closing quote at byte `byte` of its line, from 1, is followed by more text.
        case textAfterQuote(byte: Int)
        // TSV.
        case noTab
        case noIDBeforeTab
        // JSON Lines.
        case notJSON(JSONError)
        /// The first line of an export has an unknown version.
        case unknownExport(version: String)
        // Vectors.
        case vectorNotFinite
    }

    /// What is wrong with a file of vectors.
    public enum VectorFileFault: Sendable, Equatable {
        // NumPy.
        case notNumPy
        case unusableHeader
        case noElementType
        /// The element type, in NumPy's notation.
        case elementType(String)
        case fortranOrder
        case noShape
        case shape([Int])
        case bytesAfterRows(Int)
        case rowsMissing(found: Int, expected: Int)
        // `.fvecs`; vectors count from 1.
        case dimension(vector: Int, found: Int, first: Int?)
        case noNumbers(vector: Int)
        /// The file ends inside one of its parts; sizes in bytes.
        case cutShort(found: Int, expected: Int)
    }

    /// The file or folder that cannot be read, as it was named.
    public var path: String {
        switch self {
        case .missing(let path), .brokenLink(let path), .unreadable(let path, _),
            .damaged(let path, _), .undecodable(let path, _, _), .unknownFormat(let path),
            .libraryMissing(let path, _, _), .encrypted(let path), .unusableContent(let path, _),
            .missingColumn(let path, _, _), .unusableVectors(let path, _),
            .idCount(let path, _, _, _), .fileTooLarge(let path, _), .notUTF8(let path, _, _),
            .containsNUL(let path, _), .recordTooLong(let path, _, _), .malformed(let path, _, _),
            .missingField(let path, _, _, _), .wrongType(let path, _, _, _, _):
            path
        }
    }

    /// The line, or the row, that the error is about; `nil` if it is about the file as a whole.
    public var line: Int? {
        switch self {
        case .notUTF8(_, let line, _), .containsNUL(_, let line), .recordTooLong(_, let line, _),
            .malformed(_, let line, _), .missingField(_, let line, _, _),
            .wrongType(_, let line, _, _, _):
            line
        default: nil
        }
    }

    /// Whether the error concerns a single record, so that the others can still be read.
    public var isOfOneRecord: Bool {
        switch self {
        case .notUTF8, .containsNUL, .recordTooLong, .malformed, .missingField, .wrongType,
            .fileTooLarge:
            true
        default: false
        }
    }

    /// The group of errors that this one belongs to.
    public var kind: DatabaseError.Kind {
        switch self {
        case .missing, .brokenLink: .missing
        case .unreadable: .inputOutput
        case .libraryMissing: .unavailable
        default: .badData
        }
    }
}
