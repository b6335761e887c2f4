/// Why documents could not be read, as facts. `description` makes one sentence of them:
/// `corpus.jsonl:1234: …`, and what to do.
public enum SourceError: Error, Sendable, Equatable {
    // The file as a whole.
    case missing(path: String)
    /// The system would not let it be read.
    case unreadable(path: String, reason: String)
    /// Compressed data that is damaged or cut short.
    case damaged(path: String, reason: String)
    /// Neither its name nor its content says what it is.
    case unknownFormat(path: String)
    /// A CSV header without a column that is needed.
    case missingColumn(path: String, column: String, columns: [String])
    /// An array of vectors that is not what it should be.
    case unusableVectors(path: String, reason: String)
    /// The file of identifiers is longer or shorter than the vectors.
    case idCount(path: String, ids: String, vectors: Int, found: Int)
    case fileTooLarge(path: String, limit: Int)

    // One record of it.
    case notUTF8(path: String, line: Int, column: Int)
    case containsNUL(path: String, line: Int)
    case recordTooLong(path: String, line: Int, limit: Int)
    /// `reason` says what was expected where, and what to do.
    case malformed(path: String, line: Int, reason: String)
    case missingField(path: String, line: Int, field: String, fields: [String])
    case wrongType(path: String, line: Int, field: String, expected: String, found: String)

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
        case .missing: .missing
        case .unreadable: .inputOutput
        default: .badData
        }
    }
}

extension SourceError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let path): "\(path): there is no such file or folder; check the path"
        case .unreadable(let path, let reason), .damaged(let path, let reason):
            "\(path): \(reason)"
        case .unknownFormat(let path):
            "\(path): the format cannot be told from its name or content; say it with --format"
        case .missingColumn(let path, let column, let columns):
            "\(path):1: the header has no column '\(column)' but \(Self.list(columns)); name the "
                + "columns with --id-field, --text-field and --title-field"
        case .unusableVectors(let path, let reason): "\(path): \(reason)"
        case .idCount(let path, let ids, let vectors, let found):
            "\(ids): has \(found) identifiers for the \(vectors) vectors of \(path); give one a line"
        case .fileTooLarge(let path, let limit):
            "\(path): is longer than \(limit) bytes, too long for one document; split it, or make "
                + "it JSON Lines"
        default: recordDescription
        }
    }

    private var recordDescription: String {
        switch self {
        case .notUTF8(let path, let line, let column):
            "\(path):\(line): is not UTF-8 at byte \(column) of the line; convert the file to UTF-8"
        case .containsNUL(let path, let line):
            "\(path):\(line): has a NUL byte; the file is not text, or is damaged"
        case .recordTooLong(let path, let line, let limit):
            "\(path):\(line): is longer than \(limit) bytes; split the record"
        case .malformed(let path, let line, let reason): "\(path):\(line): \(reason)"
        case .missingField(let path, let line, let field, let fields):
            "\(path):\(line): has no '\(field)' but \(Self.list(fields)); name the key of the text "
                + "with --text-field"
        case .wrongType(let path, let line, let field, let expected, let found):
            "\(path):\(line): '\(field)' is \(found), where \(expected) is needed"
        default: "\(kind)"
        }
    }

    private static func list(_ names: [String]) -> String {
        if names.isEmpty { return "nothing" }
        let shown = names.prefix(8).map { "'\($0)'" }.joined(separator: ", ")
        return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
    }
}
