import Foundation

extension TokenIDs {
    /// The table of a .tiktoken file: on each line the bytes of a token in base64, a space, and its id.
    ///
    /// - Returns: `nil` if a line is not so.
    package init?(tiktoken text: String) {
        var table: [Int: [UInt8]] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count == 2, let bytes = Data(base64Encoded: String(parts[0])),
                let id = Int(parts[1])
            else { return nil }
            table[id] = Array(bytes)
        }
        if table.isEmpty { return nil }
        self = .table(table)
    }
}
