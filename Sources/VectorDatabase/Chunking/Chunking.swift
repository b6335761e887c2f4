/// How long documents are cut into passages, each with its own vector.
///
/// A model reads a limited number of tokens (often 512), and one vector says less about a long text
/// than about a short one. A document in several passages remains one document: it is found by its
/// best passage and appears once among the hits.
///
/// ```swift
/// var options = IngestOptions()
/// options.chunking = Chunking(maximumTokens: 128, overlapTokens: 16, cutsRecords: true)
/// ```
///
/// - Text is cut between paragraphs if that leaves a passage at least half full, else between
///   sentences, else between words.
/// - Markdown is cut at headings first: a heading starts a new passage once the current one is a
///   quarter full, and is never the last line of one. Lines of code, lists and tables count as
///   sentences. So it is with the headlines of Org mode, and with definitions in source code.
/// - A passage repeats the last sentences of the previous one, up to `overlapTokens`, unless it
///   begins with a heading.
public struct Chunking: Sendable, Equatable {
    /// The most tokens in a passage, at least 1.
    public var maximumTokens: Int
    /// The most tokens that a passage repeats of the previous one: from 0 to half of
    /// ``maximumTokens``.
    public var overlapTokens: Int
    /// Whether documents of the layout ``TextLayout/record`` are cut, too. By default only those are
    /// that are longer than the model reads: a record is assumed to be a meaningful unit.
    public var cutsRecords: Bool

    /// The default of ``maximumTokens``.
    public static let defaultMaximumTokens = 256
    /// The default of ``overlapTokens``.
    public static let defaultOverlapTokens = 32

    /// Creates a chunking. Values out of range are clamped: at least one token, an overlap of at
    /// most half the maximum.
    public init(
        maximumTokens: Int = Chunking.defaultMaximumTokens,
        overlapTokens: Int = Chunking.defaultOverlapTokens, cutsRecords: Bool = false
    ) {
        self.maximumTokens = max(1, maximumTokens)
        self.overlapTokens = max(0, min(overlapTokens, self.maximumTokens / 2))
        self.cutsRecords = cutsRecords
    }
}

/// How a document's text is laid out, which determines where it may be cut.
public enum TextLayout: String, Sendable, CaseIterable, Codable {
    /// One record of a file: kept whole unless it is longer than the model reads, or
    /// ``Chunking/cutsRecords`` is set; then cut like `plain`.
    case record
    /// Paragraphs separated by blank lines.
    case plain
    /// Markdown: cut at headings, then like `plain`; lines of code, list items and table rows count
    /// as sentences.
    case markdown
    /// Org mode: cut at headlines, then like `markdown`.
    case org
    /// Source code: cut before lines at the margin that follow a blank line, which begin a definition
    /// as a rule, then at blank lines, then between lines.
    case code
}

/// A piece of a document's text.
public struct TextPassage: Sendable, Equatable {
    /// Its place in the document's text, in bytes of UTF-8.
    public var range: Range<Int>
    /// The bytes in `range`.
    public var text: String
}

extension Chunking {
    /// Cuts a text into passages, in order. There is one passage, the whole text, if the text is
    /// short enough or is a record and records are not cut.
    ///
    /// - Parameters:
    ///   - text: the document's text.
    ///   - layout: how the text is laid out.
    ///   - longest: the most tokens that the model reads; `nil` for no bound. Records up to this are
    ///     kept whole, and passages are no longer, even if ``maximumTokens`` is more.
    ///   - tokenCount: counts the tokens of a piece of text. It is called for the whole text, for
    ///     each sentence, and for the pieces of a sentence that is too long. A passage's length is
    ///     taken as the sum over its sentences, each with the white space before it.
    public func passages(
        of text: String, layout: TextLayout, longest: Int? = nil, tokenCount: (String) -> Int
    ) -> [TextPassage] {
        let longest = longest ?? .max
        let longestWhole =
            layout == .record && !cutsRecords ? longest : min(maximumTokens, longest)
        // A token is at least a byte, whatever the tokenizer.
        if text.utf8.count <= longestWhole
            || !Self.isSurelyLonger(text, than: longestWhole, tokenCount: tokenCount)
                && tokenCount(text) <= longestWhole
        {
            return [TextPassage(range: 0..<text.utf8.count, text: text)]
        }
        return limited(to: longest).cut(text, layout: layout, tokenCount: tokenCount)
    }

    /// Whether a beginning of a long text has more tokens than `limit`, with some to spare, since the
    /// last token of a beginning may differ from the text's. It saves counting megabytes.
    private static func isSurelyLonger(
        _ text: String, than limit: Int, tokenCount: (String) -> Int
    ) -> Bool {
        let length = limit.multipliedReportingOverflow(by: 16)
        guard !length.overflow, text.utf8.count > 4 * length.partialValue else { return false }
        let beginning = String(decoding: text.utf8.prefix(length.partialValue), as: UTF8.self)
        return tokenCount(beginning) > limit + 8
    }

    /// The same with passages of at most `longest` tokens, and with the same part of them repeated.
    private func limited(to longest: Int) -> Chunking {
        guard longest < maximumTokens else { return self }
        let overlap = Int(Double(overlapTokens) * Double(longest) / Double(maximumTokens))
        return Chunking(maximumTokens: longest, overlapTokens: overlap, cutsRecords: cutsRecords)
    }

    private func cut(
        _ text: String, layout: TextLayout, tokenCount: (String) -> Int
    ) -> [TextPassage] {
        let bytes = Array(text.utf8)
        var segmenter = TextSegmenter(bytes, layout: layout)
        var end = 0
        let units = segmenter.segments().flatMap { segment in
            defer { end = segment.range.upperBound }
            return pieces(of: segment, after: end, in: bytes, tokenCount: tokenCount)
        }
        let passages = pack(units).map { range in
            TextPassage(range: range, text: String(decoding: bytes[range], as: UTF8.self))
        }
        return passages.isEmpty
            ? [TextPassage(range: 0..<bytes.count, text: text)] : passages
    }

    /// A segment and its length in tokens, with the white space before it.
    struct Unit {
        var segment: TextSegment
        var tokens: Int
    }

    /// The segment itself or, if it is longer than a passage, its pieces, cut between words.
    private func pieces(
        of segment: TextSegment, after end: Int, in bytes: [UInt8], tokenCount: (String) -> Int
    ) -> [Unit] {
        func count(_ range: Range<Int>) -> Int {
            tokenCount(String(decoding: bytes[range], as: UTF8.self))
        }
        let spaced: Int
        let tokens: Int
        if let estimate = estimate(of: segment.range, count: count) {
            spaced = estimate
            tokens = estimate
        } else {
            spaced = count(end..<segment.range.upperBound)
            tokens = spaced > maximumTokens ? count(segment.range) : spaced
        }
        guard tokens > maximumTokens else { return [Unit(segment: segment, tokens: spaced)] }
        var units: [Unit] = []
        var rest = segment
        var step = max(1, segment.range.count * maximumTokens / tokens)
        while !rest.range.isEmpty {
            var end = wordEnd(in: bytes, rest.range, near: rest.range.lowerBound + step)
            var length = count(rest.range.lowerBound..<end)
            while length > maximumTokens, end - rest.range.lowerBound > 4 {
                step = max(1, (end - rest.range.lowerBound) * maximumTokens / (length + 1))
                let shorter = wordEnd(in: bytes, rest.range, near: rest.range.lowerBound + step)
                if shorter >= end { break }
                end = shorter
                length = count(rest.range.lowerBound..<end)
            }
            var piece = rest
            piece.range = rest.range.lowerBound..<end
            units.append(Unit(segment: piece, tokens: length))
            rest.range = end..<rest.range.upperBound
            rest.kind = .continuation
        }
        return units
    }

    /// The tokens of a segment that is too long for sure, such as a line of megabytes, from those of its
    /// beginning: counting all of it would take much memory. `nil` for any other segment.
    private func estimate(of range: Range<Int>, count: (Range<Int>) -> Int) -> Int? {
        let length = max(1 << 14, 64 * min(maximumTokens, 1 << 20))
        guard range.count > length else { return nil }
        let beginning = count(range.lowerBound..<range.lowerBound + length)
        let tokens = Int(Double(beginning) * Double(range.count) / Double(length))
        return tokens > maximumTokens ? tokens : nil
    }

    /// The last end of a word at or before `limit`, or a character boundary if there is none;
    /// always after the range's start.
    private func wordEnd(in bytes: [UInt8], _ range: Range<Int>, near limit: Int) -> Int {
        guard limit < range.upperBound else { return range.upperBound }
        var end = limit
        while end > range.lowerBound, !isSpace(bytes[end]) { end -= 1 }
        if end > range.lowerBound { return end }
        end = limit
        while end > range.lowerBound, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        if end > range.lowerBound { return end }
        end = limit + 1
        while end < range.upperBound, bytes[end] & 0xC0 == 0x80 { end += 1 }
        return end
    }

    /// The byte ranges of passages that hold all units in order, each at most `maximumTokens` long
    /// unless a single unit is longer.
    func pack(_ units: [Unit]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        /// The first unit that is in no passage yet; the units from `start` to it are the overlap.
        var fresh = 0
        while fresh < units.count {
            let end = passageEnd(units, start: start, fresh: fresh)
            ranges.append(
                units[start].segment.range.lowerBound..<units[end - 1].segment.range.upperBound)
            fresh = end
            start = overlapStart(units, before: end, notBefore: start + 1)
        }
        return ranges
    }

    private func passageEnd(_ units: [Unit], start: Int, fresh: Int) -> Int {
        var end = start
        var tokens = 0
        var lastParagraph: Int?
        while end < units.count {
            let unit = units[end]
            if end > fresh {
                if unit.segment.kind == .heading, tokens >= maximumTokens / 4 { return end }
                if tokens + unit.tokens > maximumTokens { break }
                if unit.segment.kind != .continuation, tokens >= maximumTokens / 2 {
                    lastParagraph = end
                }
            }
            tokens += unit.tokens
            end += 1
        }
        if end == units.count { return end }
        if let lastParagraph { end = lastParagraph }
        while end - 1 > fresh, units[end - 1].segment.kind == .heading { end -= 1 }
        return end
    }

    /// The first unit to repeat in the passage whose first new unit is `end`.
    private func overlapStart(_ units: [Unit], before end: Int, notBefore floor: Int) -> Int {
        guard end < units.count, units[end].segment.kind != .heading else { return end }
        let room = min(overlapTokens, maximumTokens - units[end].tokens)
        var start = end
        var tokens = 0
        while start > floor {
            tokens += units[start - 1].tokens
            if tokens > room || units[start - 1].segment.kind == .heading { break }
            start -= 1
        }
        return start
    }
}

func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
