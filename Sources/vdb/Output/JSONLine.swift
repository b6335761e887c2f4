import VectorDatabase

/// One JSON object on one line, its members in the order in which they are given.
struct JSONLine {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]

    private mutating func key(_ key: String) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        JSONValue.string(key).write(to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }

    mutating func set(_ key: String, _ value: JSONValue) {
        self.key(key)
        value.write(to: &bytes)
    }

    mutating func set(_ key: String, _ text: String?) {
        set(key, text.map { JSONValue.string($0) } ?? .null)
    }

    mutating func set(_ key: String, _ number: Int) { set(key, .integer(Int64(number))) }

    mutating func set(_ key: String, _ object: JSONLine) {
        self.key(key)
        bytes.append(contentsOf: object.bytes)
        bytes.append(UInt8(ascii: "}"))
    }

    mutating func set(_ key: String, _ objects: [JSONLine]) {
        self.key(key)
        Self.list(objects, into: &bytes) { object, bytes in
            bytes.append(contentsOf: object.bytes)
            bytes.append(UInt8(ascii: "}"))
        }
    }

    /// Numbers in the shortest form that reads back as the same 32-bit float.
    mutating func set(_ key: String, _ vector: [Float]) {
        self.key(key)
        Self.write(vector, into: &bytes)
    }

    /// A matrix, a row an array.
    mutating func set(_ key: String, _ rows: [[Float]]) {
        self.key(key)
        Self.list(rows, into: &bytes) { Self.write($0, into: &$1) }
    }

    mutating func set(_ key: String, _ ids: [Int32]) {
        self.key(key)
        bytes.append(contentsOf: Self.array(ids))
    }

    /// The line without its end.
    var text: [UInt8] { bytes + [UInt8(ascii: "}")] }

    func print() { Output.write(text + [10]) }

    /// `[1,2,3]`
    static func array(_ ids: [Int32]) -> [UInt8] {
        var bytes: [UInt8] = []
        list(ids, into: &bytes) { $1.append(contentsOf: String($0).utf8) }
        return bytes
    }

    private static func write(_ vector: [Float], into bytes: inout [UInt8]) {
        list(vector, into: &bytes) { number, bytes in
            bytes.append(contentsOf: (number.isFinite ? "\(number)" : "null").utf8)
        }
    }

    private static func list<Element>(
        _ elements: [Element], into bytes: inout [UInt8],
        _ write: (Element, inout [UInt8]) -> Void
    ) {
        bytes.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(element, &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }
}
