/// How long documents are cut into passages, each of which gets its own vector.
///
/// A model reads only so many tokens (512 unless it says otherwise) and one vector says less about
/// a long text than about a short one. A document in several passages stays one document: it is
/// found by its best passage and counted once.
///
/// ```swift
/// var options = IngestOptions()
/// options.chunking = Chunking(maximumTokens: 128, overlapTokens: 16, cutsRecords: true)
/// ```
///
/// - Text is cut between paragraphs where that leaves a passage at least half full, else between
///   sentences, else between words.
/// - Markdown is cut at headings first: a heading begins a passage as soon as the one before is a
///   quarter full, and never ends one. Lines of code, lists and tables count as sentences.
/// - A passage repeats the last sentences of the one before it, up to `overlapTokens`, unless a
///   heading stands between.
public struct Chunking: Sendable, Equatable {
    /// Tokens in a passage, at most.
    public var maximumTokens: Int
    /// Tokens that a passage repeats of the one before, at most; less than half of the maximum.
    public var overlapTokens: Int
    /// Whether documents of the layout ``TextLayout/record`` are cut, too. They are not by default:
    /// who writes records has chosen what belongs together.
    public var cutsRecords: Bool

    public static let defaultMaximumTokens = 256
    public static let defaultOverlapTokens = 32

    public init(
        maximumTokens: Int = Chunking.defaultMaximumTokens,
        overlapTokens: Int = Chunking.defaultOverlapTokens, cutsRecords: Bool = false
    ) {
        self.maximumTokens = max(1, maximumTokens)
        self.overlapTokens = max(0, min(overlapTokens, self.maximumTokens / 2))
        self.cutsRecords = cutsRecords
    }
}

/// How a document's text is laid out, which says where it may be cut.
public enum TextLayout: String, Sendable, CaseIterable, Codable {
    /// A row of a file of records: kept whole unless chunking says otherwise, then cut as `plain`.
    case record
    /// Paragraphs with blank lines between.
    case plain
    case markdown
}

/// A piece of a document's text.
public struct TextPassage: Sendable, Equatable {
    /// Where it stands in the document's text, in bytes of UTF-8.
    public var range: Range<Int>
    /// The bytes in `range`.
    public var text: String
}

extension Chunking {
    /// The passages of a text, in order; one, of the whole text, if it is short enough or is a
    /// record and records are not cut.
    ///
    /// - Parameters:
    ///   - text: the document's.
    ///   - layout: what a passage may end at.
    ///   - tokenCount: the number of tokens of a piece of text. It is called for each sentence once,
    ///     and a passage's length is the sum.
    public func passages(
        of text: String, layout: TextLayout, tokenCount: (String) -> Int
    ) -> [TextPassage] {
        let whole = [TextPassage(range: 0..<text.utf8.count, text: text)]
        if layout == .record, !cutsRecords { return whole }
        // A token is at least a byte, whatever the tokenizer.
        if text.utf8.count <= maximumTokens || tokenCount(text) <= maximumTokens { return whole }
        let bytes = Array(text.utf8)
        var segmenter = TextSegmenter(bytes, isMarkdown: layout == .markdown)
        let units = segmenter.segments().flatMap { segment in
            pieces(of: segment, in: bytes, tokenCount: tokenCount)
        }
        let passages = pack(units).map { range in
            TextPassage(range: range, text: String(decoding: bytes[range], as: UTF8.self))
        }
        return passages.isEmpty ? whole : passages
    }

    /// A segment with its length in tokens.
    struct Unit {
        var segment: TextSegment
        var tokens: Int
    }

    /// The segment, or the pieces of one that is longer than a passage, cut between words.
    private func pieces(
        of segment: TextSegment, in bytes: [UInt8], tokenCount: (String) -> Int
    ) -> [Unit] {
        func count(_ range: Range<Int>) -> Int {
            tokenCount(String(decoding: bytes[range], as: UTF8.self))
        }
        let tokens = count(segment.range)
        guard tokens > maximumTokens else { return [Unit(segment: segment, tokens: tokens)] }
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

    /// The last end of a word at or before `limit`, or a character boundary where there is none;
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

    /// Byte ranges of passages that hold all units in order, each at most `maximumTokens` long
    /// except where a single unit is longer.
    func pack(_ units: [Unit]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        /// The first unit that no passage holds yet; those between `start` and it are repeated.
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

    /// Where the passage that begins with unit `end` starts to repeat what precedes it.
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
