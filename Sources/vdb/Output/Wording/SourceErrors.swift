import JSON
import VectorDatabase

extension SourceError: WordedError {
    var status: ExitStatus { ExitStatus(kind) }

    var remedy: String? {
        switch self {
        case .missing: "check the path"
        case .brokenLink: "remove the link, or restore its target"
        case .unreadable: "check its permissions"
        case .damaged: "get the file again"
        case .unknownFormat: "pass --format, or convert it to text or JSON Lines"
        case .missingColumn:
            "name the columns with --id-field, --text-field and --title-field, or pass the separator "
                + "with --delimiter"
        case .idCount: "the file needs one id a line"
        case .fileTooLarge: "split it, or convert it to JSON Lines"
        case .notUTF8: "pass its encoding with --encoding, or convert the file to UTF-8"
        case .containsNUL: "if it is text in UTF-16, pass --encoding UTF-16LE"
        case .libraryMissing(_, "duckdb", _):
            "install it (pip install duckdb-cli, or from duckdb.org)"
        case .libraryMissing(_, _, let package): "install it (Debian: apt-get install \(package))"
        case .encrypted: "remove its password"
        case .unusableContent: nil
        case .undecodable: "pass the file's encoding with --encoding"
        case .recordTooLong: "split the record"
        case .missingField: "pass the key of the text with --text-field"
        case .wrongType: nil
        case .malformed(_, _, let fault): fault.remedy
        case .unusableVectors(_, let fault): fault.remedy
        }
    }
}

extension SourceError.RecordFault {
    fileprivate var remedy: String? {
        switch self {
        case .emptyFile: "its first line must name the columns"
        case .duplicateColumn: "rename one"
        case .fieldCount:
            "put fields that contain the separator in double quotes, or pass --delimiter"
        case .cellType: "correct it, or give the column another type with --types"
        case .unclosedQuote: "add the closing '\"'"
        case .textAfterQuote: "write a quote inside a quoted field twice"
        case .noTab: "each line must be an id, a tab and a text"
        case .noIDBeforeTab: "add an id"
        case .notJSON(let error): error.isSyntax ? "each line must be one JSON object" : nil
        case .unknownExport: "update vdb"
        case .vectorNotFinite: "leave the row out"
        }
    }
}

extension SourceError.VectorFileFault {
    fileprivate var remedy: String? {
        switch self {
        case .noElementType, .noShape: "save the array with numpy.save"
        case .elementType: "save it as float32 (array.astype('<f4'))"
        case .fortranOrder: "save numpy.ascontiguousarray(array)"
        default: nil
        }
    }
}

extension JSONError {
    /// Whether the bytes are not JSON at all, rather than JSON that is not accepted.
    fileprivate var isSyntax: Bool {
        switch reason {
        case .repeatedKey, .nullCharacter, .loneSurrogate, .tooDeep: false
        default: true
        }
    }
}
