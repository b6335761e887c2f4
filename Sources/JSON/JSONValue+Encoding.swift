import TextBytes

extension JSONValue {
    /// Encodes `value`, with the default forms of Foundation's `JSONEncoder`: an optional that is
    /// `nil` is left out.
    ///
    /// - Throws: `EncodingError` for numbers that JSON cannot express, and errors of the value's
    ///   `encode(to:)`.
    package init(encoding value: some Encodable) throws {
        self = try Place.encoding(value, at: []).value
    }
}

/// A place in the document that is being encoded: empty, then one value, or an array or object that
/// grows as its containers are written to.
private final class Place {
    private enum Content {
        case empty
        case value(JSONValue)
        case array([Place])
        case object([(key: String, place: Place)])
    }

    private var content = Content.empty

    var value: JSONValue {
        switch content {
        case .empty: .object(JSONObject())
        case .value(let value): value
        case .array(let places): .array(places.map(\.value))
        case .object(let members): .object(JSONObject(members.map { ($0.key, $0.place.value) }))
        }
    }

    var count: Int { if case .array(let places) = content { places.count } else { 0 } }

    func set(_ value: JSONValue) { content = .value(value) }

    func becomeArray() { if case .array = content {} else { content = .array([]) } }

    func becomeObject() { if case .object = content {} else { content = .object([]) } }

    func append(_ place: Place) {
        guard case .array(var places) = content else { return }
        content = .empty
        places.append(place)
        content = .array(places)
    }

    func append(_ key: String, _ place: Place) {
        guard case .object(var members) = content else { return }
        content = .empty
        members.append((key, place))
        content = .object(members)
    }

    static func encoding<T: Encodable>(_ value: T, at path: [any CodingKey]) throws -> Place {
        let place = Place()
        switch value {
        case let value as Bool: place.set(.bool(value))
        case let value as String: place.set(.string(value))
        case let value as Double:
            guard value.isFinite else { throw notFinite(value, path) }
            place.set(.number(value))
        case let value as Float:
            // The double that prints as the float does.
            guard value.isFinite, let double = Double("\(value)") else {
                throw notFinite(value, path)
            }
            place.set(.number(double))
        case let value as any BinaryInteger: place.set(JSONValue(value))
        case let value as JSONValue: place.set(value)
        default: try value.encode(to: ValueEncoder(place: place, codingPath: path))
        }
        // A dictionary's order differs between processes, so its members are sorted.
        if value is any UnorderedMembers { place.sortMembers() }
        return place
    }

    private func sortMembers() {
        guard case .object(let members) = content else { return }
        content = .object(members.sorted { $0.key.precedesByBytes($1.key) })
    }

    private static func notFinite(_ value: Any, _ path: [any CodingKey]) -> EncodingError {
        .invalidValue(
            value, .init(codingPath: path, debugDescription: "JSON has no such number"))
    }
}

/// A type whose members have no order.
private protocol UnorderedMembers {}
extension Dictionary: UnorderedMembers {}

private struct ValueEncoder: Encoder {
    let place: Place
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        place.becomeObject()
        return KeyedEncodingContainer(Members(place: place, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        place.becomeArray()
        return Elements(place: place, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        Single(place: place, codingPath: codingPath)
    }

    struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let place: Place
        let codingPath: [any CodingKey]

        private func new(_ key: any CodingKey) -> ValueEncoder {
            let inner = Place()
            place.append(key.stringValue, inner)
            return ValueEncoder(place: inner, codingPath: codingPath + [key])
        }

        func encodeNil(forKey key: Key) { new(key).place.set(.null) }

        func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
            place.append(key.stringValue, try Place.encoding(value, at: codingPath + [key]))
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type, forKey key: Key
        ) -> KeyedEncodingContainer<Nested> { new(key).container(keyedBy: type) }

        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            new(key).unkeyedContainer()
        }

        func superEncoder() -> any Encoder { new(SuperKey()) }
        func superEncoder(forKey key: Key) -> any Encoder { new(key) }
    }

    struct Elements: UnkeyedEncodingContainer {
        let place: Place
        let codingPath: [any CodingKey]
        var count: Int { place.count }

        private func new() -> ValueEncoder {
            let inner = Place()
            place.append(inner)
            return ValueEncoder(place: inner, codingPath: codingPath)
        }

        func encodeNil() { new().place.set(.null) }

        func encode<T: Encodable>(_ value: T) throws {
            place.append(try Place.encoding(value, at: codingPath))
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type
        ) -> KeyedEncodingContainer<Nested> { new().container(keyedBy: type) }

        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { new().unkeyedContainer() }
        func superEncoder() -> any Encoder { new() }
    }

    struct Single: SingleValueEncodingContainer {
        let place: Place
        let codingPath: [any CodingKey]

        func encodeNil() { place.set(.null) }

        func encode<T: Encodable>(_ value: T) throws {
            place.set(try Place.encoding(value, at: codingPath).value)
        }
    }
}

/// The key for a superclass's members, by the standard library's convention.
struct SuperKey: CodingKey {
    let stringValue = "super"
    var intValue: Int? { nil }
    init() {}
    init?(stringValue: String) { return nil }
    init?(intValue: Int) { return nil }
}
