extension JSONValue {
    /// Decodes the value as a type, with the default forms of Foundation's `JSONDecoder`.
    ///
    /// - Throws: `DecodingError`, and errors of the type's initializer.
    package func decoded<T: Decodable>(as type: T.Type) throws -> T {
        try decoded(as: type, at: [])
    }

    fileprivate func decoded<T: Decodable>(as type: T.Type, at path: [any CodingKey]) throws -> T {
        let found: Any?
        switch type {
        case is Bool.Type: found = boolValue
        case is String.Type: found = stringValue
        case is Double.Type: found = doubleValue
        case is Float.Type: found = doubleValue.map { Float($0) }
        case let integer as any FixedWidthInteger.Type: found = self.integer(integer)
        case is JSONValue.Type: found = self
        default: return try T(from: ValueDecoder(value: self, codingPath: path))
        }
        guard let found = found as? T else { throw mismatch(type, path) }
        return found
    }

    private func integer<I: FixedWidthInteger>(_ type: I.Type) -> I? {
        switch self {
        case .integer(let value): I(exactly: value)
        case .largeInteger(let value): I(value.description)
        case .number(let value): I(exactly: value)
        default: nil
        }
    }

    fileprivate func mismatch(_ type: Any.Type, _ path: [any CodingKey]) -> DecodingError {
        let context = DecodingError.Context(
            codingPath: path, debugDescription: "expected \(type), found \(self)")
        return self == .null ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }
}

private struct ValueDecoder: Decoder {
    let value: JSONValue
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard let object = value.objectValue else {
            throw value.mismatch(JSONObject.self, codingPath)
        }
        return KeyedDecodingContainer(Members(object: object, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let array = value.arrayValue else {
            throw value.mismatch([JSONValue].self, codingPath)
        }
        return Elements(elements: array, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        Single(value: value, codingPath: codingPath)
    }

    struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let object: JSONObject
        let codingPath: [any CodingKey]
        var allKeys: [Key] { object.keys.compactMap(Key.init(stringValue:)) }

        func contains(_ key: Key) -> Bool { object.contains(key: key.stringValue) }

        private func inner(_ key: any CodingKey) throws -> ValueDecoder {
            guard let value = object[key.stringValue] else {
                throw DecodingError.keyNotFound(
                    key,
                    .init(codingPath: codingPath, debugDescription: "\(key.stringValue) is missing")
                )
            }
            return ValueDecoder(value: value, codingPath: codingPath + [key])
        }

        func decodeNil(forKey key: Key) throws -> Bool { try inner(key).value == .null }

        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
            let inner = try inner(key)
            return try inner.value.decoded(as: type, at: inner.codingPath)
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) throws -> KeyedDecodingContainer<Nested> { try inner(key).container(keyedBy: type) }

        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            try inner(key).unkeyedContainer()
        }

        func superDecoder() throws -> any Decoder { try inner(SuperKey()) }
        func superDecoder(forKey key: Key) throws -> any Decoder { try inner(key) }
    }

    struct Elements: UnkeyedDecodingContainer {
        let elements: [JSONValue]
        let codingPath: [any CodingKey]
        private(set) var currentIndex = 0
        var count: Int? { elements.count }
        var isAtEnd: Bool { currentIndex == elements.count }

        init(elements: [JSONValue], codingPath: [any CodingKey]) {
            self.elements = elements
            self.codingPath = codingPath
        }

        private mutating func next() throws -> ValueDecoder {
            guard !isAtEnd else {
                throw DecodingError.valueNotFound(
                    JSONValue.self,
                    .init(codingPath: codingPath, debugDescription: "the array ends"))
            }
            currentIndex += 1
            return ValueDecoder(value: elements[currentIndex - 1], codingPath: codingPath)
        }

        mutating func decodeNil() -> Bool {
            guard !isAtEnd, elements[currentIndex] == .null else { return false }
            currentIndex += 1
            return true
        }

        mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
            try next().value.decoded(as: type, at: codingPath)
        }

        mutating func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type
        ) throws -> KeyedDecodingContainer<Nested> { try next().container(keyedBy: type) }

        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
            try next().unkeyedContainer()
        }

        mutating func superDecoder() throws -> any Decoder { try next() }
    }

    struct Single: SingleValueDecodingContainer {
        let value: JSONValue
        let codingPath: [any CodingKey]

        func decodeNil() -> Bool { value == .null }

        func decode<T: Decodable>(_ type: T.Type) throws -> T {
            try value.decoded(as: type, at: codingPath)
        }
    }
}
