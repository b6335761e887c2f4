import Foundation
import GRDB

extension DocumentStore {
    /// At most `limit` vectors in key order, from the one after `key`; for scans.
    ///
    /// Each call sees the last commit, so that a long scan keeps no transaction open; vectors
    /// written meanwhile have greater keys.
    package func vectors(
        after key: Int64 = 0, limit: Int, in collection: CollectionRecord
    ) throws(StoreError) -> VectorBatch {
        try vectors(
            in: collection, capacity: min(limit, 1 << 16),
            where: "passage > ? ORDER BY passage LIMIT ?",
            arguments: [[key, Int64(limit)]])
    }

    /// The vectors of a range of keys; deleted ones are left out.
    package func vectors(inKeys keys: ClosedRange<Int64>, in collection: CollectionRecord)
        throws(StoreError) -> VectorBatch
    {
        try vectors(
            in: collection, capacity: 0, where: "passage BETWEEN ? AND ? ORDER BY passage",
            arguments: [[keys.lowerBound, keys.upperBound]])
    }

    /// The vectors of some passages in the order of `keys`; deleted ones are left out.
    package func vectors(forKeys keys: [Int64], in collection: CollectionRecord)
        throws(StoreError) -> VectorBatch
    {
        try vectors(
            in: collection, capacity: keys.count, where: "passage = ?",
            arguments: keys.map { [$0] })
    }

    private func vectors(
        in collection: CollectionRecord, capacity: Int, where condition: String,
        arguments: [[Int64]]
    ) throws(StoreError) -> VectorBatch {
        guard collection.dimensions > 0 else { return VectorBatch(dimensions: 0) }
        return try read { database in
            // The record may be older than a re-encoding with other dimensions.
            let current = try CollectionRecord.read(collection, in: database)
            try current.verify(
                fingerprint: collection.model.fingerprint, dimensions: collection.dimensions)
            var batch = VectorBatch(dimensions: current.dimensions)
            batch.keys.reserveCapacity(capacity)
            batch.values.reserveCapacity(capacity * current.dimensions)
            let statement = try database.cachedStatement(
                sql: """
                    SELECT passage, value, \(RowChecksum.isRight(RowChecksum.vector))
                    FROM vector_\(current.id) WHERE \(condition)
                    """)
            for values in arguments {
                let rows = try Row.fetchCursor(
                    statement, arguments: StatementArguments(values))
                while let row = try rows.next() {
                    let key: Int64 = row[0]
                    let isRight: Bool = row[2]
                    let isSound =
                        try isRight
                        && row.withUnsafeData(atIndex: 1) { data in
                            data?.withUnsafeBytes {
                                StoredVector.decode(
                                    $0, as: current.elementType, dimensions: current.dimensions,
                                    appendingTo: &batch.values)
                            } ?? false
                        }
                    guard isSound else {
                        throw DatabaseError(
                            resultCode: .SQLITE_CORRUPT, message: "the vector of passage \(key)")
                    }
                    batch.keys.append(key)
                }
            }
            return batch
        }
    }
}
