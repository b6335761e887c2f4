import Foundation
import JSON
import TextBytes

/// Adds elements to a list or object at the top level of a JSON document, leaving every other byte
/// unchanged.
struct JSONEditor {
    private(set) var data: Data
    private var fields: [(name: String, value: Range<Int>)] = []
    /// Just after the document's opening brace.
    private var start = 0

    init(_ data: Data, file: String) throws(TokenizerError) {
        // The indices of a slice do not start at zero.
        self.data = data.startIndex == 0 ? data : Data(data)
        (fields, start) = try JSONReader.read(self.data, file: file) { reader in
            var fields: [(name: String, value: Range<Int>)] = []
            try reader.enterObject()
            let start = reader.position
            while let name = try reader.nextKey() { fields.append((name, try reader.skip())) }
            try reader.end()
            return (fields, start)
        }
    }

    /// Appends `entries`, each a piece of JSON, to the field's value.
    ///
    /// - Parameters:
    ///   - brackets: `[]` or `{}`; a value of another kind is left unchanged.
    ///   - makingIt: whether to create the field if it is missing or null.
    mutating func append(
        _ entries: [String], to field: String, brackets: String, makingIt: Bool
    ) {
        let joined = entries.joined(separator: ", ")
        let whole = "\(brackets.first!)\(joined)\(brackets.last!)"
        guard let value = fields.last(where: { $0.name.hasSameBytes(as: field) })?.value else {
            if makingIt {
                let comma = fields.isEmpty ? "" : ", "
                data.insert(contentsOf: Array("\"\(field)\": \(whole)\(comma)".utf8), at: start)
            }
            return
        }
        if data[value].elementsEqual("null".utf8) {
            if makingIt { data.replaceSubrange(value, with: Array(whole.utf8)) }
            return
        }
        guard data[value.lowerBound] == brackets.utf8.first else { return }
        // Insert after the last element, so that the formatting of the closing bracket is kept.
        var end = value.upperBound - 1
        let space: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        while space.contains(data[end - 1]) { end -= 1 }
        let empty = end == value.lowerBound + 1
        data.insert(contentsOf: Array(((empty ? "" : ", ") + joined).utf8), at: end)
    }
}
