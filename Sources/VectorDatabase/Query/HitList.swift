import JSON
import TextBytes

/// The hits of an answer, best first, in which documents of the same text may be one hit.
struct HitList {
    private(set) var hits: [Hit] = []
    private let limit: Int
    private let mergesDuplicates: Bool
    /// The place of each content among the hits.
    private var places: [Identifier: Int] = [:]

    init(limit: Int, mergesDuplicates: Bool) {
        self.limit = limit
        self.mergesDuplicates = mergesDuplicates
    }

    /// Whether a document of this score can still change the list. A full list takes duplicates of
    /// its last hit, which follow it with the same score.
    func wants(score: Double) -> Bool {
        hits.count < limit || mergesDuplicates && hits.last?.score == score
    }

    /// Adds a hit, or its id to the duplicates of an earlier one; a new one to a full list is dropped.
    mutating func add(_ hit: Hit) {
        let content = mergesDuplicates ? Self.content(of: hit) : nil
        if let content, let place = places[content] {
            hits[place].duplicates.append(hit.id)
            return
        }
        guard hits.count < limit else { return }
        if let content { places[content] = hits.count }
        var hit = hit
        hit.rank = hits.count + 1
        hits.append(hit)
    }

    /// What duplicates have in common: the text without white space around it, and the title, unless
    /// that is only the file's name. `nil` for a hit without a text, which may be a vector alone.
    private static func content(of hit: Hit) -> Identifier? {
        let text = hit.text.utf8.drop { isSpace($0) }
        let end = text.reversed().drop { isSpace($0) }
        guard !end.isEmpty else { return nil }
        let file = hit.metadata["file"]?.objectValue?["name"]?.stringValue
        let fileTitle = file.map(SourceFormat.title(ofFile:))
        let title = fileTitle?.hasSameBytes(as: hit.title) == true ? "" : hit.title
        return Identifier(title + "\u{0}" + String(decoding: end.reversed(), as: UTF8.self))
    }
}
