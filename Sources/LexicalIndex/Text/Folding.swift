/// Classifies characters: part of a word (folded to lowercase and without its diacritic),
/// separator, or combining mark to drop.
///
/// It agrees with FTS5's tokenizer `unicode61`, with its default options, on every character.
struct Folding: Sendable {
    /// Stands for a separator.
    static let separator: UInt32 = 0
    /// Stands for a combining mark, which is dropped.
    static let dropped = UInt32.max

    static let standard = Folding()

    /// Code points below this are looked up in a table, others searched for. Nearly all scripts
    /// with case or diacritics are below.
    private static let tableEnd: UInt32 = 0x3000

    private let table: [UInt32]
    private let highFolds: [UInt32: UInt32]

    private init() {
        var table = [UInt32](0..<Self.tableEnd)
        for code in 0..<0x80 {
            switch UInt8(code) {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): table[code] = UInt32(code) + 32
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): break
            default: table[code] = Self.separator
            }
        }
        func fill(_ runs: [UInt32], with value: UInt32) {
            for index in stride(from: 0, to: runs.count, by: 2) {
                for code in runs[index]...runs[index + 1] where code < Self.tableEnd {
                    table[Int(code)] = value
                }
            }
        }
        fill(Self.separatorRuns, with: Self.separator)
        fill(Self.droppedRuns, with: Self.dropped)
        var high: [UInt32: UInt32] = [:]
        for index in stride(from: 0, to: Self.foldedRuns.count, by: 4) {
            let (first, count) = (Self.foldedRuns[index], Self.foldedRuns[index + 1])
            for place in 0..<count {
                let code = first + place * Self.foldedRuns[index + 2]
                let folded = UInt32(code + Self.foldedRuns[index + 3])
                if code < Self.tableEnd {
                    table[Int(code)] = folded
                } else {
                    high[UInt32(code)] = folded
                }
            }
        }
        self.table = table
        highFolds = high
    }

    /// The folded character, `separator` or `dropped`.
    subscript(code: UInt32) -> UInt32 {
        if code < Self.tableEnd { return table[Int(code)] }
        if Self.isSeparator(code) { return Self.separator }
        return highFolds[code] ?? code
    }

    /// The table's entries for ASCII, for a fast path.
    var ascii: [UInt8] { table[..<0x80].map { UInt8($0) } }

    private static func isSeparator(_ code: UInt32) -> Bool {
        var (low, high) = (0, separatorRuns.count / 2)
        while low < high {
            let middle = (low + high) / 2
            if separatorRuns[2 * middle + 1] < code { low = middle + 1 } else { high = middle }
        }
        return 2 * low < separatorRuns.count && separatorRuns[2 * low] <= code
    }
}
