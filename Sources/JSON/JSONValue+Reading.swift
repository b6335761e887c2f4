import TextBytes

extension JSONValue {
    /// The most levels of nested arrays and objects that the public initializers accept.
    public static let maximumDepth = 512

    /// Parses one value, possibly surrounded by white space.
    ///
    /// - Throws: ``JSONError``, also for a repeated key in an object and for more than
    ///   ``maximumDepth`` levels.
    public init(parsing text: String) throws(JSONError) {
        self = try JSONValue(
            parsing: text.utf8, rules: .init(maximumDepth: Self.maximumDepth, isKnownUTF8: true))
    }

    /// Parses one value from UTF-8, possibly surrounded by white space.
    ///
    /// - Throws: ``JSONError``, as ``init(parsing:)-(String)``.
    public init(parsing bytes: some Collection<UInt8>) throws(JSONError) {
        self = try JSONValue(parsing: bytes, rules: .init(maximumDepth: Self.maximumDepth))
    }

    package init(
        parsing bytes: some Collection<UInt8>, rules: JSONReader.Rules
    ) throws(JSONError) {
        let result =
            bytes.withContiguousStorageIfAvailable { Self.parse($0, rules) }
            ?? Array(bytes).withUnsafeBufferPointer { Self.parse($0, rules) }
        self = try result.get()
    }

    private static func parse(
        _ bytes: UnsafeBufferPointer<UInt8>, _ rules: JSONReader.Rules
    ) -> Result<JSONValue, JSONError> {
        var reader = JSONReader(UnsafeRawBufferPointer(bytes), rules: rules)
        do throws(JSONError) {
            let value = try JSONValue(&reader)
            try reader.end()
            return .success(value)
        } catch { return .failure(error) }
    }

    /// The reader's next value.
    package init(_ reader: inout JSONReader) throws(JSONError) {
        switch try reader.kind() {
        case .null:
            try reader.null()
            self = .null
        case .bool: self = .bool(try reader.bool())
        case .number: self = try reader.numberValue()
        case .string: self = .string(try reader.string())
        case .array:
            var values: [JSONValue] = []
            try reader.enterArray()
            while try reader.nextElement() { values.append(try JSONValue(&reader)) }
            self = .array(values)
        case .object: self = .object(try JSONObject(&reader))
        }
    }
}

extension JSONObject {
    /// The reader's next value, which must be an object with distinct keys.
    package init(_ reader: inout JSONReader) throws(JSONError) {
        self.init()
        try reader.enterObject()
        while let key = try reader.nextKey() {
            if contains(key: key) { throw reader.repeated(key) }
            append(key, try JSONValue(&reader))
        }
    }
}
