/// The text of consecutive passages.
package struct JoinedPassages {
    package private(set) var bytes: [UInt8] = []
    /// The end of the text so far, in bytes of the document's text as it was ingested.
    private var end: Int?

    package init() {}

    package mutating func append(_ passage: PassageRecord) {
        let utf8 = Array(passage.text.utf8)
        skipGap(to: passage.start)
        let end = max(self.end ?? passage.start, passage.start)
        let known = min(utf8.count, end - passage.start)
        bytes.append(contentsOf: utf8[known...])
        self.end = end + utf8.count - known
    }

    /// Ends the text where a passage begins, which may share its beginning with the one before.
    package mutating func skip(to start: Int) {
        skipGap(to: start)
        if let end, end > start { bytes.removeLast(min(bytes.count, end - start)) }
    }

    private mutating func skipGap(to start: Int) {
        if let end, start > end { bytes.append(UInt8(ascii: "\n")) }
    }
}
