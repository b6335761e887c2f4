import JSON
import Storage

/// TOML as front matter uses it: pairs, tables and arrays of tables, with texts, numbers, booleans,
/// dates (which stay texts), arrays and inline tables.
enum TOMLSubset {
    /// - Throws: ``FrontMatterError`` for what is not TOML.
    static func parse(_ text: String) throws -> JSONObject {
        var cursor = FrontMatterCursor(text)
        var root: JSONObject = [:]
        var table: [String] = []
        while true {
            cursor.skipSpace(acrossLines: true)
            guard let byte = cursor.next else { return root }
            if byte == UInt8(ascii: "[") {
                cursor.index += 1
                let isArray = cursor.take("[")
                table = try path(&cursor)
                guard cursor.take("]"), !isArray || cursor.take("]") else {
                    throw FrontMatterError()
                }
                if isArray {
                    try append(to: &root, table[...])
                } else {
                    try change(&root, table[...]) { _ in }
                }
            } else {
                let key = try path(&cursor)
                guard cursor.take("=") else { throw FrontMatterError() }
                let found = try value(&cursor, depth: 0)
                try change(&root, (table + key.dropLast())[...]) { $0[key[key.count - 1]] = found }
            }
            cursor.skipSpace()
            if let next = cursor.next, next != 10, next != 13, next != UInt8(ascii: "#") {
                throw FrontMatterError()
            }
        }
    }

    /// Names with dots between them.
    private static func path(_ cursor: inout FrontMatterCursor) throws -> [String] {
        var names: [String] = []
        repeat {
            cursor.skipSpace()
            if cursor.take("\"") {
                names.append(try cursor.quoted("\"", isYAML: false))
            } else if cursor.take("'") {
                names.append(try cursor.quoted("'", isYAML: false))
            } else {
                let start = cursor.index
                while let byte = cursor.next, Self.isBare(byte) { cursor.index += 1 }
                guard cursor.index > start else { throw FrontMatterError() }
                names.append(String(decoding: cursor.bytes[start..<cursor.index], as: UTF8.self))
            }
            cursor.skipSpace()
        } while cursor.take(".")
        guard names.count <= FrontMatterCursor.deepest else { throw FrontMatterError() }
        return names
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// Changes the object at a path, which is made on the way; of an array, the last element.
    private static func change(
        _ object: inout JSONObject, _ path: ArraySlice<String>, _ body: (inout JSONObject) -> Void
    ) throws {
        guard let name = path.first else { return body(&object) }
        switch object[name] {
        case nil:
            var inner: JSONObject = [:]
            try change(&inner, path.dropFirst(), body)
            object[name] = .object(inner)
        case .object(var inner)?:
            try change(&inner, path.dropFirst(), body)
            object[name] = .object(inner)
        case .array(var values)?:
            guard case .object(var inner)? = values.last else { throw FrontMatterError() }
            try change(&inner, path.dropFirst(), body)
            values[values.count - 1] = .object(inner)
            object[name] = .array(values)
        default: throw FrontMatterError()
        }
    }

    /// Adds a table to the array at a path.
    private static func append(to object: inout JSONObject, _ path: ArraySlice<String>) throws {
        guard let last = path.last else { throw FrontMatterError() }
        var isArray = true
        try change(&object, path.dropLast()) { parent in
            switch parent[last] {
            case nil: parent[last] = .array([.object([:])])
            case .array(let values)?: parent[last] = .array(values + [.object([:])])
            default: isArray = false
            }
        }
        if !isArray { throw FrontMatterError() }
    }

    private static func value(_ cursor: inout FrontMatterCursor, depth: Int) throws -> JSONValue {
        guard depth < FrontMatterCursor.deepest else { throw FrontMatterError() }
        cursor.skipSpace()
        for (quote, mark) in [("\"", "\"\"\""), ("'", "'''")] as [(Character, String)] {
            if cursor.bytes[cursor.index...].starts(with: mark.utf8) {
                return .string(try multiline(&cursor, mark: mark))
            }
            if cursor.take(quote) { return .string(try cursor.quoted(quote, isYAML: false)) }
        }
        if cursor.take("[") {
            var values: [JSONValue] = []
            while true {
                cursor.skipSpace(acrossLines: true)
                if cursor.take("]") { return .array(values) }
                values.append(try value(&cursor, depth: depth + 1))
                cursor.skipSpace(acrossLines: true)
                if !cursor.take(","), cursor.next != UInt8(ascii: "]") { throw FrontMatterError() }
            }
        }
        if cursor.take("{") {
            var object: JSONObject = [:]
            cursor.skipSpace()
            if cursor.take("}") { return .object(object) }
            while true {
                let key = try path(&cursor)
                guard cursor.take("=") else { throw FrontMatterError() }
                let found = try value(&cursor, depth: depth + 1)
                try change(&object, key.dropLast()) { $0[key[key.count - 1]] = found }
                cursor.skipSpace()
                if cursor.take("}") { return .object(object) }
                guard cursor.take(",") else { throw FrontMatterError() }
            }
        }
        let start = cursor.index
        while let byte = cursor.next, !",]}#\n\r".utf8.contains(byte) { cursor.index += 1 }
        let word = String(decoding: cursor.bytes[start..<cursor.index], as: UTF8.self)
            .split(separator: " ").joined(separator: " ")
        guard let first = word.first, first.isNumber || "tf+-in".contains(first) else {
            throw FrontMatterError()
        }
        let plain = word.filter { $0 != "_" }
        if case .string = FrontMatterCursor.scalar(plain) {
            let isTime = word.utf8.allSatisfy { "0123456789:.".utf8.contains($0) }
            guard isTime || DateText.range(of: word) != nil else { throw FrontMatterError() }
            return .string(word)
        }
        return FrontMatterCursor.scalar(plain)
    }

    private static func multiline(
        _ cursor: inout FrontMatterCursor, mark: String
    ) throws -> String {
        cursor.index += 3
        if cursor.next == 10 { cursor.index += 1 }
        let rest = cursor.bytes[cursor.index...]
        var end = rest.startIndex
        while end < rest.endIndex, !rest[end...].starts(with: mark.utf8) { end += 1 }
        guard end < rest.endIndex else { throw FrontMatterError() }
        cursor.index = end + 3
        return String(decoding: rest[..<end], as: UTF8.self)
    }
}
