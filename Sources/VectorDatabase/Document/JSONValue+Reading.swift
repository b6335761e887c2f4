import FileFormat

extension JSONValue {
    /// Reads one value from JSON text; `nil` where it is not JSON.
    package init?(parsing text: String) {
        var text = text
        let value = text.withUTF8 { bytes -> JSONValue? in
            var reader = JSONReader(UnsafeRawBufferPointer(bytes), rules: .document)
            do {
                let value = try JSONValue(&reader)
                try reader.end()
                return value
            } catch { return nil }
        }
        guard let value else { return nil }
        self = value
    }

    /// The reader's next value. Of a key given twice the last value counts.
    init(_ reader: inout JSONReader) throws(JSONReader.Failure) {
        switch try reader.kind() {
        case .null:
            try reader.null()
            self = .null
        case .bool: self = .bool(try reader.bool())
        case .number:
            let number = try reader.number()
            self = number.integer.map { .integer($0) } ?? .number(number.double)
        case .string: self = .string(try reader.string())
        case .array:
            var values: [JSONValue] = []
            try reader.enterArray()
            while try reader.nextElement() { values.append(try JSONValue(&reader)) }
            self = .array(values)
        case .object:
            var members: [String: JSONValue] = [:]
            try reader.enterObject()
            while let key = try reader.nextKey() { members[key] = try JSONValue(&reader) }
            self = .object(members)
        }
    }
}

extension JSONReader.Rules {
    /// For documents, whose text has been checked to be UTF-8 and shall be stored.
    static let document = Self(maximumDepth: 512, replacesUnstorable: true, isKnownUTF8: true)
}
