import TextBytes

/// A JSON object: members with distinct keys, in order. Keys are compared by their bytes.
///
/// ```swift
/// var metadata: JSONObject = ["lang": "en"]
/// metadata["year"] = 2024
/// for (key, value) in metadata { print(key, value) }
/// ```
///
/// A dictionary of Swift strings would lose the order, and would treat an `é` as one code point and
/// an `é` as two as the same key.
public struct JSONObject: Sendable {
    /// A key with its value.
    public typealias Element = (key: String, value: JSONValue)

    private var members: [Element] = []
    /// The members' indices by key. Empty for a few members, since comparing a dozen short keys is
    /// faster than hashing one.
    private var places: [Identifier: Int] = [:]

    private static let fewMembers = 12

    /// Creates an object without members.
    public init() {}

    /// Creates an object from members in order. If a key occurs twice, the last value counts, in
    /// the first one's place.
    public init(_ members: some Sequence<(String, JSONValue)>) {
        for (key, value) in members { self[key] = value }
    }

    /// Creates an object from a dictionary, with the keys in byte order.
    public init(_ dictionary: [String: JSONValue]) {
        for (key, value) in dictionary.sorted(by: { $0.key.precedesByBytes($1.key) }) {
            append(key, value)
        }
    }

    private func place(of key: String) -> Int? {
        if places.isEmpty { return members.firstIndex { $0.key.hasSameBytes(as: key) } }
        return places[Identifier(key)]
    }

    /// Appends a member whose key must be new.
    mutating func append(_ key: String, _ value: JSONValue) {
        if !places.isEmpty {
            places[Identifier(key)] = members.count
        } else if members.count == Self.fewMembers {
            for (place, member) in members.enumerated() { places[Identifier(member.key)] = place }
            places[Identifier(key)] = members.count
        }
        members.append((key, value))
    }

    /// The value of `key`; `nil` if there is none. Setting `nil` removes the member; a new key is
    /// added at the end.
    public subscript(key: String) -> JSONValue? {
        get { place(of: key).map { members[$0].value } }
        set {
            switch (place(of: key), newValue) {
            case (let place?, let value?): members[place].value = value
            case (nil, let value?): append(key, value)
            case (let place?, nil):
                members.remove(at: place)
                let rest = members
                members = []
                places = [:]
                for member in rest { append(member.key, member.value) }
            case (nil, nil): break
            }
        }
    }

    /// Whether there is a member with this key.
    public func contains(key: String) -> Bool { place(of: key) != nil }

    /// The keys in order.
    public var keys: [String] { members.map(\.key) }

    /// The values in the order of their keys.
    public var values: [JSONValue] { members.map(\.value) }

    /// Adds the members of `other`. For a key that both have, `combine` chooses the value.
    public mutating func merge(
        _ other: JSONObject,
        uniquingKeysWith combine: (_ own: JSONValue, _ others: JSONValue) -> JSONValue
    ) {
        for (key, value) in other { self[key] = self[key].map { combine($0, value) } ?? value }
    }
}

extension JSONObject: RandomAccessCollection {
    /// The index of the first member: 0.
    public var startIndex: Int { 0 }
    /// The number of members.
    public var endIndex: Int { members.count }
    /// The member at an index.
    public subscript(place: Int) -> Element { members[place] }
}

extension JSONObject: Hashable {
    /// Whether both have the same keys with equal values, in any order.
    public static func == (one: JSONObject, other: JSONObject) -> Bool {
        one.count == other.count && one.allSatisfy { other[$0.key] == $0.value }
    }

    /// Hashes the members without regard to order.
    public func hash(into hasher: inout Hasher) {
        var sum = 0
        for (key, value) in members {
            var member = Hasher()
            member.combine(Identifier(key))
            member.combine(value)
            sum ^= member.finalize()
        }
        hasher.combine(sum)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral, CustomStringConvertible {
    /// Creates an object. If a key occurs twice, the last value counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }

    /// Compact JSON with the keys in byte order.
    public var description: String { JSONValue.object(self).jsonText }
}
