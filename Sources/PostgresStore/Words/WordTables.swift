import LexicalIndex

/// The tables of one place's words, in a transaction.
struct WordTables {
    let connection: PostgresConnection
    let layout: CollectionLayout
    let place: Int

    var postings: String { layout.part(place, of: layout.postings) }
    var gone: String { layout.part(place, of: layout.gone) }
    var skipLocked: String { layout.flavour.rules.skipsLocked ? "SKIP LOCKED" : "" }
    var number: PostgresValue { .integer(Int64(place)) }

    func add(_ blocks: [(term: [UInt8], block: PostingBlock)]) throws {
        guard !blocks.isEmpty else { return }
        try connection.copy(
            into: "\(postings) (place, count, block, span, max_weight, average, term, bytes)"
        ) { writer in
            for (term, block) in blocks {
                let summary = block.summary
                try writer.add([
                    .int32(Int32(place)), .int32(Int32(summary.count)), .integer(summary.first),
                    .int32(summary.span), .int16(Int16(summary.maximumWeight)),
                    .int16(Int16(clamping: summary.average)), .bytes(term), .bytes(block.bytes),
                ])
            }
        }
    }

    /// Records that passages have been deleted.
    func addGone(_ blocks: [(term: [UInt8], block: PostingBlock)]) throws {
        guard !blocks.isEmpty else { return }
        try connection.copy(into: "\(gone) (place, count, block, span, term, bytes)") { writer in
            for (term, block) in blocks {
                try writer.add([
                    .int32(Int32(place)), .int32(Int32(block.summary.count)),
                    .integer(block.summary.first), .int32(block.summary.span), .bytes(term),
                    .bytes(block.bytes),
                ])
            }
        }
    }

    func remove(_ names: [BlockSearch.Name], from table: String) throws {
        guard !names.isEmpty else { return }
        try connection.run(
            """
            DELETE FROM \(table) AS t USING unnest($2, $3) AS n (term, block)
            WHERE t.place = $1 AND t.term = ANY($2) AND t.term = n.term AND t.block = n.block
            """,
            [number, .byteStrings(names.map(\.term)), .integers(names.map(\.block))])
    }

    func removeAll() throws {
        for table in [postings, gone] {
            try connection.run("DELETE FROM \(table) WHERE place = $1", [number])
        }
    }
}

extension PostgresResult.Row {
    /// A block's row: term, block, span, count, max_weight, average, bytes or null, and whether its passages
    /// are gone.
    func wordBlock() throws -> BlockSearch.Row {
        let summary = PostingBlockSummary(
            first: try integer(1), span: Int32(clamping: try integer(2)),
            count: Int(try integer(3)), maximumWeight: UInt8(clamping: try integer(4)),
            average: Int(try integer(5)))
        return BlockSearch.Row(
            term: try bytes(0), summary: summary, bytes: isNull(6) ? nil : try bytes(6),
            isGone: try boolean(7))
    }
}
