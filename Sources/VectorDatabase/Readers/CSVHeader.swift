/// The first line of a file that may be CSV, split at a separator.
struct CSVHeader {
    private let columns: [ArraySlice<UInt8>]
    /// Whether the fields are separated by tabs.
    let isTabbed: Bool

    /// - Parameters:
    ///   - start: a file's first bytes.
    ///   - separator: `nil` for the most frequent one.
    init(_ start: ArraySlice<UInt8>, separator: UInt8?) {
        var line = start.prefix { $0 != 10 && $0 != 13 }
        if line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
        let separator =
            separator ?? line.withUnsafeBufferPointer { CSVParser.separator(of: $0) }
        isTabbed = separator == 9
        columns = line.split(separator: separator, omittingEmptySubsequences: false).map { column in
            let isPadding: (UInt8) -> Bool = { isSpace($0) || $0 == UInt8(ascii: "\"") }
            let front = column.drop(while: isPadding)
            return front.prefix(front.count - front.reversed().prefix(while: isPadding).count)
        }
    }

    /// Whether the line is a header: it names the text column, and the id column or, unless
    /// `needsID`, any second one.
    func names(_ options: SourceOptions, needsID: Bool) -> Bool {
        func has(_ name: String) -> Bool { columns.contains { $0.elementsEqual(name.utf8) } }
        let hasID = options.idField.map(has) ?? (has("id") || has("_id"))
        return has(options.textField ?? "text") && (needsID ? hasID : columns.count > 1)
    }
}
