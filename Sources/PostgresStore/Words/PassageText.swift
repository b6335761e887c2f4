import FileFormat
import Foundation
import LexicalIndex
import Storage

/// What the words of a passage are those of.
struct PassageText {
    let key: Int64
    let title: String
    let text: String

    /// Reads a row of a passage's key, its document's title, the length of its text, and the text.
    ///
    /// - Returns: `nil` if the text is damaged; `check` names it.
    init?(row: PostgresResult.Row) throws {
        let (bytes, length) = (try row.bytes(3), Int(try row.integer(2)))
        guard let text = try? StoredText.decode(Data(bytes), length: length) else { return nil }
        self.init(key: try row.integer(0), title: try row.text(1), text: text)
    }

    init(key: Int64, title: String, text: String) {
        (self.key, self.title, self.text) = (key, title, text)
    }
}

/// The words of some passages, ready to be written.
struct PassageWords {
    /// By terms.
    private(set) var blocks: [(term: [UInt8], block: PostingBlock)] = []
    /// The number of all words.
    private(set) var count = 0
    private(set) var terms: [[UInt8]] = []

    init(_ passages: [PassageText]) {
        var builder = SegmentBuilder()
        for passage in passages.sorted(by: { $0.key < $1.key }) {
            builder.append(key: passage.key, title: passage.title, text: passage.text)
        }
        self.init(builder)
    }

    init(_ builder: SegmentBuilder) {
        guard builder.count > 0 else { return }
        count = builder.totalLength
        var encoder = PostingBlockEncoder(average: Double(count) / Double(builder.count))
        builder.forEachTerm { term, postings in
            terms.append(term)
            for block in encoder.blocks(of: postings) { blocks.append((term, block)) }
        }
    }
}
