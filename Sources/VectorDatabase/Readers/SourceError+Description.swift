import JSON

extension SourceError: CustomStringConvertible {
    /// One clause in English that names the place: `corpus.jsonl:12: has no tab between an id and a
    /// text`.
    public var description: String {
        switch self {
        case .missing(let path): "\(path): there is no such file or folder"
        case .brokenLink(let path): "\(path): is a link to something that does not exist"
        case .unreadable(let path, let reason), .damaged(let path, let reason),
            .unusableContent(let path, let reason):
            "\(path): \(reason)"
        case .undecodable(let path, let encoding, let byte):
            "\(path): is not text in \(encoding) at byte \(byte)"
        case .libraryMissing(let path, let library, _):
            "\(path): needs \(library), which is not installed"
        case .encrypted(let path): "\(path): is protected by a password"
        case .unknownFormat(let path): "\(path): the format could not be detected"
        case .missingColumn(let path, let column, let columns):
            "\(path):1: there is no column '\(column)'; there are \(Self.list(columns))"
        case .unusableVectors(let path, let fault): "\(path): \(fault)"
        case .idCount(let path, let ids, let vectors, let found):
            "\(ids): has \(found) ids for the \(vectors) vectors of \(path)"
        case .fileTooLarge(let path, let limit):
            "\(path): is longer than \(limit) bytes, too long for one document"
        default: recordDescription
        }
    }

    private var recordDescription: String {
        switch self {
        case .notUTF8(let path, let line, let column):
            "\(path):\(line): is not UTF-8 at byte \(column) of the line"
        case .containsNUL(let path, let line):
            "\(path):\(line): has a NUL byte; the file is not text, or is damaged"
        case .recordTooLong(let path, let line, let limit):
            "\(path):\(line): is longer than \(limit) bytes"
        case .malformed(let path, let line, let fault): "\(path):\(line): \(fault)"
        case .missingField(let path, let line, let field, let fields):
            "\(path):\(line): has no '\(field)'; it has \(Self.list(fields))"
        case .wrongType(let path, let line, let field, let expected, let found):
            "\(path):\(line): '\(field)' is \(found), but must be \(expected)"
        default: "\(kind)"
        }
    }

    private static func list(_ names: [String]) -> String {
        if names.isEmpty { return "nothing" }
        let shown = names.prefix(8).map { "'\($0)'" }.joined(separator: ", ")
        return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
    }
}

extension SourceError.RecordFault: CustomStringConvertible {
    /// The predicate of a sentence about the record: `has no id before the tab`.
    public var description: String {
        switch self {
        case .emptyFile: "the file is empty, without a header"
        case .duplicateColumn(let column): "the header has the column '\(column)' twice"
        case .fieldCount(let found, let header):
            "has \(found) fields, but the first line has \(header)"
        case .cellType(let column, let expected, let found):
            "'\(column)' is '\(found.prefix(80))', but must be a \(expected.rawValue)"
        case .unclosedQuote: "a quoted field that begins in this record is never closed"
        case .textAfterQuote(let byte):
            "a closing quote at byte \(byte) is followed by more text"
        case .noTab: "has no tab between an id and a text"
        case .noIDBeforeTab: "has no id before the tab"
        case .notJSON(let error): Self.describe(error)
        case .unknownExport(let version):
            "is an export of version \(version), which this version cannot read"
        case .vectorNotFinite: "the vector has a component that is not finite"
        }
    }
}

extension SourceError.RecordFault {
    private static func describe(_ error: JSONError) -> String {
        let place = "at byte \(error.offset + 1) of the line"
        return switch error.reason {
        case .repeatedKey(let key): "has the key '\(key)' twice, again \(place)"
        case .nullCharacter: "has the character \\u0000, which cannot be stored, \(place)"
        case .loneSurrogate: "has half of a surrogate pair, which is not a character, \(place)"
        case .tooDeep(let maximum): "is nested more than \(maximum) levels deep \(place)"
        case .trailingBytes: "is not valid JSON: expected the end of the line \(place)"
        default: "is not valid JSON: expected \(error.expected) \(place)"
        }
    }
}

extension SourceError.VectorFileFault: CustomStringConvertible {
    /// The predicate of a sentence about the file: `is not an .npy file`.
    public var description: String {
        switch self {
        case .notNumPy: "is not an .npy file"
        case .unusableHeader: "has no usable header"
        case .noElementType: "the header gives no element type"
        case .elementType(let type): "has elements of type '\(type)'"
        case .fortranOrder: "is in Fortran order"
        case .noShape: "the header gives no shape"
        case .shape(let shape):
            "has the shape (\(shape.map(String.init).joined(separator: ", "))), not (vectors, "
                + "dimensions)"
        case .bytesAfterRows(let rows): "has bytes after its \(rows) rows; it is damaged"
        case .rowsMissing(let found, let expected):
            "ends after \(found) of \(expected) rows; it is cut short"
        case .dimension(let vector, let found, let first):
            "vector \(vector) gives its dimension as \(found)"
                + (first.map { ", the first as \($0)" } ?? "")
                + "; the file is not .fvecs, or is damaged"
        case .noNumbers(let vector):
            "ends after the dimension of vector \(vector); it is cut short"
        case .cutShort(let found, let expected):
            "ends after \(found) of the \(expected) bytes of a part; it is cut short"
        }
    }
}
