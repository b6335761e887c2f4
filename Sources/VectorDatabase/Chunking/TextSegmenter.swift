/// The smallest piece of text that chunking keeps together: a sentence, a heading, a line of code.
struct TextSegment: Equatable {
    enum Kind: Equatable {
        case heading
        /// The first of its paragraph.
        case paragraph
        case continuation
    }

    /// In bytes of the text, without white space at either end.
    var range: Range<Int>
    var kind: Kind
}

/// Cuts a text into segments, in order and without overlap; only white space is left out.
struct TextSegmenter {
    private let bytes: [UInt8]
    private let layout: TextLayout
    private var isMarkdown: Bool { layout == .markdown }
    /// Whether items of lists and rows of tables are sentences.
    private var hasItems: Bool { layout == .markdown || layout == .org }
    private var segments_: [TextSegment] = []
    /// Lines of the paragraph being read.
    private var paragraph: [Range<Int>] = []
    /// The most lines of a paragraph of prose: more of them without a blank one are a log or a list.
    private static let longestProse = 200
    /// Whether the first of them is not indented.
    private var beginsAtMargin = false
    /// The character and length of the fence that opened the current code block.
    private var fence: (character: UInt8, count: Int)?

    init(_ bytes: [UInt8], layout: TextLayout) {
        self.bytes = bytes
        self.layout = layout
    }

    mutating func segments() -> [TextSegment] {
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 10) ?? bytes.count
            read(line: start..<end)
            start = end + 1
        }
        endParagraph()
        return segments_
    }

    private mutating func read(line: Range<Int>) {
        let trimmed = trim(line)
        if isMarkdown, readFence(trimmed) { return }
        if fence != nil {
            if !trimmed.isEmpty { paragraph.append(trimmed) }
            return
        }
        if trimmed.isEmpty {
            endParagraph()
        } else if isMarkdown && isHeading(trimmed) || layout == .org && isHeadline(line) {
            endParagraph()
            segments_.append(TextSegment(range: trimmed, kind: .heading))
        } else if isMarkdown, paragraph.count == 1, isUnderline(trimmed) {
            let heading = paragraph[0].lowerBound..<trimmed.upperBound
            paragraph = []
            segments_.append(TextSegment(range: heading, kind: .heading))
        } else {
            if paragraph.isEmpty { beginsAtMargin = trimmed.lowerBound == line.lowerBound }
            paragraph.append(trimmed)
        }
    }

    /// A headline of Org mode: stars at the margin, then a space.
    private func isHeadline(_ line: Range<Int>) -> Bool {
        let stars = bytes[line].prefix { $0 == UInt8(ascii: "*") }.count
        return stars > 0 && stars < line.count && bytes[line.lowerBound + stars] == 32
    }

    /// Consumes the line if it opens or closes a code block.
    private mutating func readFence(_ line: Range<Int>) -> Bool {
        guard let first = line.first.map({ bytes[$0] }), first == 96 || first == 126 else {
            return false
        }
        let count = bytes[line].prefix { $0 == first }.count
        if let open = fence {
            guard first == open.character, count >= open.count, count == line.count else {
                return false
            }
            paragraph.append(line)
            endParagraph(byLines: true)
            fence = nil
            return true
        }
        guard count >= 3 else { return false }
        endParagraph()
        fence = (first, count)
        paragraph.append(line)
        return true
    }

    private func isHeading(_ line: Range<Int>) -> Bool {
        let marks = bytes[line].prefix { $0 == UInt8(ascii: "#") }.count
        guard (1...6).contains(marks) else { return false }
        return marks == line.count || isSpace(bytes[line.lowerBound + marks])
    }

    /// `===` or `---` under a line of text make it a heading.
    private func isUnderline(_ line: Range<Int>) -> Bool {
        let first = bytes[line.lowerBound]
        guard first == UInt8(ascii: "=") || first == UInt8(ascii: "-"), line.count >= 2 else {
            return false
        }
        return bytes[line].allSatisfy { $0 == first }
    }

    private mutating func endParagraph(byLines: Bool = false) {
        guard let first = paragraph.first, let last = paragraph.last else { return }
        let byLines =
            byLines || fence != nil || layout == .code || paragraph.count > Self.longestProse
        // Code that begins at the margin after a blank line is a definition, as a rule.
        var kind = layout == .code && beginsAtMargin ? TextSegment.Kind.heading : .paragraph
        func append(_ range: Range<Int>) {
            if range.isEmpty { return }
            segments_.append(TextSegment(range: range, kind: kind))
            kind = .continuation
        }
        if byLines {
            paragraph.forEach(append)
        } else {
            // A list item or table row is at least one sentence of its own.
            var start = first.lowerBound
            for line in paragraph.dropFirst() where hasItems && isItem(line) {
                sentences(in: trim(start..<line.lowerBound)).forEach(append)
                start = line.lowerBound
            }
            sentences(in: start..<last.upperBound).forEach(append)
        }
        paragraph = []
    }

    private func isItem(_ line: Range<Int>) -> Bool {
        let first = bytes[line.lowerBound]
        if first == UInt8(ascii: "|") { return true }
        let next = line.lowerBound + 1 < line.upperBound ? bytes[line.lowerBound + 1] : 0
        if [UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "+")].contains(first) {
            return next == 32
        }
        let digits = bytes[line].prefix { (48...57).contains($0) }.count
        guard digits > 0, digits < line.count else { return false }
        let mark = bytes[line.lowerBound + digits]
        return mark == UInt8(ascii: ".") || mark == UInt8(ascii: ")")
    }

    /// Cuts after `.`, `!`, `?` or `…` and any closing quotes or brackets, if white space follows
    /// and then anything but a lower-case letter (so not after "e.g."), and after the full stops of
    /// Chinese and Japanese.
    private func sentences(in range: Range<Int>) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var start = range.lowerBound
        var index = start
        while index < range.upperBound {
            guard let end = sentenceEnd(at: index, in: range) else {
                index += 1
                continue
            }
            result.append(start..<end)
            start = end
            while start < range.upperBound, isSpace(bytes[start]) { start += 1 }
            index = start
        }
        if start < range.upperBound { result.append(start..<range.upperBound) }
        return result
    }

    private func sentenceEnd(at index: Int, in range: Range<Int>) -> Int? {
        let byte = bytes[index]
        if byte == 0xE3 || byte == 0xEF {
            let isWideStop = Self.wideStops.contains(
                Array(bytes[index..<min(index + 3, range.upperBound)]))
            return isWideStop ? index + 3 : nil
        }
        let isEllipsis =
            byte == 0xE2 && bytes[index..<range.upperBound].starts(with: [0xE2, 0x80, 0xA6])
        guard
            byte == UInt8(ascii: ".") || byte == UInt8(ascii: "!") || byte == UInt8(ascii: "?")
                || isEllipsis
        else { return nil }
        var end = index + (isEllipsis ? 3 : 1)
        while end < range.upperBound {
            if [UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: ")"), UInt8(ascii: "]")]
                .contains(bytes[end])
            {
                end += 1
            } else if bytes[end..<range.upperBound].starts(with: [0xE2, 0x80, 0x9D]) {
                end += 3  // ”
            } else {
                break
            }
        }
        guard end < range.upperBound, isSpace(bytes[end]) else { return nil }
        var next = end
        while next < range.upperBound, isSpace(bytes[next]) { next += 1 }
        if next < range.upperBound, (97...122).contains(bytes[next]) { return nil }
        return end
    }

    /// 。 ！ ？
    private static let wideStops: Set<[UInt8]> = [
        [0xE3, 0x80, 0x82], [0xEF, 0xBC, 0x81], [0xEF, 0xBC, 0x9F],
    ]

    private func trim(_ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, isSpace(bytes[start]) { start += 1 }
        while end > start, isSpace(bytes[end - 1]) { end -= 1 }
        return start..<end
    }
}
