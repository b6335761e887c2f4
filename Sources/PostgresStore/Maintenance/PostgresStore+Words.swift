import LexicalIndex
import Storage

extension PostgresStore {
    /// Bytes of postings collected before they are written.
    private static let builderBound = 32 << 20

    func checkWords(of collection: CollectionRecord) throws(StoreError) -> [StoreFinding] {
        let layout = try layout(of: collection)
        var findings: [StoreFinding] = []
        for place in layout.placeNumbers {
            let fault = try read { connection in
                try connection.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") {
                    var check = WordCheck(
                        WordTables(connection: connection, layout: layout, place: place))
                    return try check.run()
                }
            }
            if let fault {
                findings.append(
                    StoreFinding(kind: .words, collection: collection.name, detail: fault))
            }
        }
        return findings
    }

    /// Makes the words of each place again from its texts. Others cannot write meanwhile, but search in what
    /// was there.
    func rebuildWords(of collection: CollectionRecord) throws(StoreError) {
        for place in try layout(of: collection).placeNumbers {
            try write { connection in
                let layout = try lock(collection, connection, .alone).layout
                let tables = WordTables(connection: connection, layout: layout, place: place)
                try tables.removeAll()
                var builder = SegmentBuilder()
                var count = 0
                func write() throws {
                    let words = PassageWords(builder)
                    try tables.add(words.blocks)
                    count += words.count
                    builder = SegmentBuilder()
                }
                try tables.forEachPassage { passage in
                    builder.append(key: passage.key, title: passage.title, text: passage.text)
                    if builder.byteCount > Self.builderBound { try write() }
                }
                try write()
                try connection.run(
                    """
                    UPDATE \(layout.tally) SET words = CASE slot WHEN 0 THEN $3 ELSE 0 END
                    WHERE collection = $1 AND place = $2
                    """, [.integer(layout.id), tables.number, .integer(Int64(count))])
            }
        }
        try mergeWords(of: collection)
    }
}
