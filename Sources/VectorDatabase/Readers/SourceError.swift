import JSON

/// Why documents could not be read, as facts. `description` states them: `corpus.jsonl:1234: …`.
public enum SourceError: Error, Sendable, Equatable {
    // The file as a whole.
    case missing(path: String)
    /// A link to something that is not there.
    case brokenLink(path: String)
    /// The system would not let it be read.
    case unreadable(path: String, reason: String)
    /// Compressed data that is damaged or cut short.
    case damaged(path: String, reason: String)
    /// Neither its name nor its content says what it is.
    case unknownFormat(path: String)
    /// A CSV header without a column that is needed.
    case missingColumn(path: String, column: String, columns: [String])
    /// An array of vectors that is not what it should be.
    case unusableVectors(path: String, fault: VectorFileFault)
    /// The file of identifiers is longer or shorter than the vectors.
    case idCount(path: String, ids: String, vectors: Int, found: Int)
    case fileTooLarge(path: String, limit: Int)

    // One record of it.
    case notUTF8(path: String, line: Int, column: Int)
    case containsNUL(path: String, line: Int)
    case recordTooLong(path: String, line: Int, limit: Int)
    case malformed(path: String, line: Int, fault: RecordFault)
    case missingField(path: String, line: Int, field: String, fields: [String])
    case wrongType(path: String, line: Int, field: String, expected: String, found: String)

    /// What is wrong with one record, or with a header.
    public enum RecordFault: Sendable, Equatable {
        // CSV.
        case emptyFile
        case duplicateColumn(String)
        case fieldCount(found: Int, header: Int)
        case unclosedQuote
        /// A closing quote, the `byte`th of its line counted from 1, is followed by more text.
        case textAfterQuote(byte: Int)
        // TSV.
        case noTab
        case noIDBeforeTab
        // Text.
        case utf16
        // JSON Lines.
        case notJSON(JSONError)
        /// The first line of an export of a later version.
        case unknownExport(version: String)
        // Vectors.
        case vectorNotFinite
    }

    /// What is wrong with a file of vectors.
    public enum VectorFileFault: Sendable, Equatable {
        // NumPy's.
        case notNumPy
        case unusableHeader
        case noElementType
        /// NumPy's name of the element type.
        case elementType(String)
        case fortranOrder
        case noShape
        case shape([Int])
        case bytesAfterRows(Int)
        case rowsMissing(found: Int, expected: Int)
        // .fvecs. Vectors count from 1.
        case dimension(vector: Int, found: Int, first: Int?)
        case noNumbers(vector: Int)
        /// The file ends inside a part of it.
        case cutShort(found: Int, expected: Int)
    }

    /// Whether it concerns one record, so that the others can still be read.
    public var isOfOneRecord: Bool {
        switch self {
        case .notUTF8, .containsNUL, .recordTooLong, .malformed, .missingField, .wrongType,
            .fileTooLarge:
            true
        default: false
        }
    }

    /// What a caller can do about it.
    public var kind: DatabaseError.Kind {
        switch self {
        case .missing, .brokenLink: .missing
        case .unreadable: .inputOutput
        default: .badData
        }
    }
}
