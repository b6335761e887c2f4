/// Collects the text of a document of elements, as Markdown: blocks are separated by blank lines,
/// headings begin with `#`, items of lists with `- `, and white space within a line is one space.
struct TextBuilder {
    /// The text so far; see ``finished()``.
    private var bytes: [UInt8] = []
    /// The line ends that must precede the next text: 2 between blocks.
    private var breaks = 0
    private var needsSpace = false
    /// The mark that begins the next text: of a heading or an item.
    private var mark = ""
    /// Whether white space is kept.
    var isVerbatim = false
    private let limit: Int

    /// - Parameter limit: the most bytes of text; more throw ``TooLong``.
    init(limit: Int) { self.limit = limit }

    /// The text is longer than allowed.
    struct TooLong: Error {}

    var count: Int { bytes.count }

    /// Ends a line (1) or a paragraph (2).
    mutating func end(lines: Int) {
        needsSpace = false
        if !bytes.isEmpty { breaks = max(breaks, lines) }
    }

    /// Begins a block with a mark.
    mutating func begin(mark: String, lines: Int) {
        end(lines: lines)
        self.mark = mark
    }

    /// Ends a block that a mark began, also if it has no text.
    mutating func endMarked(lines: Int) {
        mark = ""
        end(lines: lines)
    }

    mutating func space() { if breaks == 0, !bytes.isEmpty { needsSpace = true } }

    mutating func append(_ text: some Sequence<UInt8>) throws {
        // A no-break space is a space here: C2 A0.
        var pending: UInt8?
        for byte in text {
            if isVerbatim {
                try put(byte)
            } else if let lead = pending {
                pending = nil
                if byte == 0xA0 {
                    space()
                } else {
                    try put(lead)
                    try put(byte)
                }
            } else if byte == 0xC2 {
                pending = byte
            } else if isSpace(byte) {
                space()
            } else {
                try put(byte)
            }
        }
        if let pending { try put(pending) }
    }

    private mutating func put(_ byte: UInt8) throws {
        if breaks > 0 {
            bytes.append(contentsOf: repeatElement(10, count: breaks))
            breaks = 0
        } else if needsSpace {
            bytes.append(32)
        }
        needsSpace = false
        if !mark.isEmpty {
            bytes.append(contentsOf: mark.utf8)
            mark = ""
        }
        bytes.append(byte == 0 ? 32 : byte)
        if bytes.count > limit { throw TooLong() }
    }

    /// The text, which ends in a line end unless it is empty.
    func finished() -> String {
        String(decoding: bytes.isEmpty ? [] : bytes + [10], as: UTF8.self)
    }
}
