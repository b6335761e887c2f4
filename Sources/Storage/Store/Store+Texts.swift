extension Store {
    /// A document's passages in order.
    package func passages(
        ofDocument key: Int64, in collection: CollectionRecord
    ) throws(StoreError) -> [PassageRecord] {
        try passages(ofDocument: key, through: .max, in: collection)
    }

    /// The document's whole text, joined from its passages.
    package func text(
        ofDocument key: Int64, in collection: CollectionRecord
    ) throws(StoreError) -> String {
        let passages = try passages(ofDocument: key, in: collection)
        guard passages.count > 1 else { return passages.first?.text ?? "" }
        var joined = JoinedPassages()
        for passage in passages { joined.append(passage) }
        return String(decoding: joined.bytes, as: UTF8.self)
    }

    /// The part of ``text(ofDocument:in:)`` before a passage.
    ///
    /// - Parameters:
    ///   - ordinal: the passage's number.
    ///   - limit: in bytes.
    /// - Returns: `nil` if there is no such document or passage, or if the part is longer than `limit`.
    package func text(
        ofDocument id: String, before ordinal: Int, limit: Int, in collection: CollectionRecord
    ) throws(StoreError) -> String? {
        guard let key = try document(id: id, in: collection)?.key,
            let start = try start(ofPassage: ordinal, ofDocument: key, in: collection),
            start <= limit
        else { return nil }
        var joined = JoinedPassages()
        for passage in try passages(ofDocument: key, through: ordinal, in: collection) {
            if passage.ordinal == ordinal {
                joined.skip(to: passage.start)
                return String(decoding: joined.bytes, as: UTF8.self)
            }
            joined.append(passage)
        }
        return nil
    }
}
