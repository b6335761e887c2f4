import JSON
import TextBytes

/// The text members of one row, with errors that name file, line and key.
struct RowFields {
    private enum Field {
        case text(String)
        case texts([String])
        case integer(Int)
        case other
    }

    private let fields: [Identifier: Field]
    /// The texts of a row that is an array.
    let list: [String]?
    private let path: String
    private let line: Int

    init(_ reader: inout JSONReader, path: String, line: Int) throws(JSONError) {
        self.path = path
        self.line = line
        var fields: [Identifier: Field] = [:]
        var list: [String]?
        if reader.peek() == UInt8(ascii: "[") {
            if case .texts(let texts) = try Self.field(&reader) { list = texts }
        } else {
            try reader.enterObject()
            while let key = try reader.nextKey() {
                if fields[Identifier(key)] != nil { throw reader.repeated(key) }
                if try reader.kind() == .null {
                    // null counts as absent.
                    try reader.null()
                } else {
                    fields[Identifier(key)] = try Self.field(&reader)
                }
            }
        }
        try reader.end()
        self.fields = fields
        self.list = list
    }

    private static func field(_ reader: inout JSONReader) throws(JSONError) -> Field {
        switch try reader.kind() {
        case .string: return .text(try reader.string())
        case .number: return try reader.number().integer.map { .integer(Int($0)) } ?? .other
        case .array:
            var texts: [String]? = []
            try reader.enterArray()
            while try reader.nextElement() {
                if try reader.kind() == .string {
                    texts?.append(try reader.string())
                } else {
                    try reader.skip()
                    texts = nil
                }
            }
            return texts.map { .texts($0) } ?? .other
        case .object, .bool, .null:
            try reader.skip()
            return .other
        }
    }

    func bad(_ problem: TrainingError.RowProblem) -> TrainingError {
        .badLine(path: path, line: line, problem)
    }

    func has(_ keys: [String]) -> Bool { keys.contains { fields[Identifier($0)] != nil } }

    /// The first key that the row has, else the first of `keys`.
    func name(_ keys: [String]) -> String {
        keys.first { fields[Identifier($0)] != nil } ?? keys[0]
    }

    func optionalString(_ key: String) throws(TrainingError) -> String? {
        switch fields[Identifier(key)] {
        case nil: return nil
        case .text(let text): return text
        default: throw bad(.notAString(key: key))
        }
    }

    func string(_ keys: String...) throws(TrainingError) -> String { try string(keys) }

    func string(_ keys: [String]) throws(TrainingError) -> String {
        for key in keys {
            if let text = try optionalString(key) { return text }
        }
        throw bad(.missingKey(keys[0]))
    }

    func optionalStrings(_ key: String) throws(TrainingError) -> [String]? {
        switch fields[Identifier(key)] {
        case nil: return nil
        case .text(let text): return [text]
        case .texts(let texts): return texts
        default: throw bad(.notStrings(key: key))
        }
    }

    func strings(_ keys: [String]) throws(TrainingError) -> [String] {
        for key in keys {
            if let texts = try optionalStrings(key) { return texts }
        }
        throw bad(.missingKey(keys[0]))
    }

    func identifier(_ key: String) -> String? {
        switch fields[Identifier(key)] {
        case .text(let text): text
        case .integer(let number): String(number)
        default: nil
        }
    }
}
