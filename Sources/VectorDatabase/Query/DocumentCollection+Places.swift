import Storage

/// Where a hit's text begins in the text of its document, as ``DocumentCollection/document(_:includesVector:)``
/// returns that.
public struct TextPlace: Sendable, Equatable {
    /// The number of code points before it.
    public var offset: Int
    /// The line on which it begins, from 1.
    public var line: Int
}

extension DocumentCollection {
    /// Further on in a document, a passage's place is not computed: all text before it has to be read.
    private static let longestText = 1 << 20
    /// The most text that is read for all hits.
    private static let mostText = 16 << 20

    /// Where the hits' texts begin in their documents.
    ///
    /// - Returns: for each hit its place; `nil` if its document has been deleted or changed, if more
    ///   than 1 MiB of it are before the passage, or after 16 MiB in all.
    /// - Throws: ``DatabaseError``.
    public func places(of hits: [Hit]) throws -> [TextPlace?] {
        try rethrowing {
            let record = try requireRecord()
            var left = Self.mostText
            return try hits.map { hit in
                if hit.passage == 0 { return TextPlace(offset: 0, line: 1) }
                guard
                    let before = try store.text(
                        ofDocument: hit.id, before: hit.passage, limit: min(Self.longestText, left),
                        in: record)
                else { return nil }
                left -= before.utf8.count
                return TextPlace(
                    offset: before.unicodeScalars.count,
                    line: before.utf8.count { $0 == UInt8(ascii: "\n") } + 1)
            }
        }
    }
}
