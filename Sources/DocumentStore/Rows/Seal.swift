import GRDB

/// A checksum of each of the small tables that say what the others mean: the collections and their
/// models, the counters, the indexed fields, the properties.
///
/// Their rows change in place with nearly every commit, in many statements; a checksum over the whole
/// table, made again at each commit's end, is kept right in one place.
///
///     write ── verify all ── statements … ── renew ── commit
///     read a collection ── verify `collection`; fields ── verify `indexed_field`
///
/// 1. A transaction begins by verifying, so that a bit that flipped is never taken into a new seal.
/// 2. The sum does not depend on the order of rows; a row that is missing or there twice changes it.
enum Seal {
    enum Table: String, CaseIterable {
        case collection, counter, property
        case indexedField = "indexed_field"

        /// What is covered, in this order, which is part of the format.
        fileprivate var columns: String {
            switch self {
            case .collection:
                """
                id, name, metric, dimensions, vector_type, model_name, model_fingerprint, \
                model_path, model_settings, m, ef_construction, quantization, document_count, \
                passage_count, changes_pruned_through, changes_pruned_token, staged_model
                """
            case .counter, .property: "name, value"
            case .indexedField: "id, collection, name"
            }
        }

        /// SQL for the table's checksum: of the number of rows, and of the sums of the rows'
        /// checksums' halves (sums of wholes would overflow).
        fileprivate var sum: String {
            """
            (SELECT \(RowChecksum.name)(count(*), sum(sum & 0xffffffff), sum(sum >> 32))
            FROM (SELECT \(RowChecksum.name)(\(columns)) AS sum FROM \(rawValue)))
            """
        }
    }

    /// - Throws: `SQLITE_CORRUPT` where the table has changed since it was sealed.
    static func verify(_ table: Table, in database: Database) throws {
        let isRight = try Bool.fetchOne(
            database.cachedStatement(
                sql: "SELECT checksum = \(table.sum) FROM seal WHERE table_name = ?"),
            arguments: [table.rawValue])
        guard isRight == true else {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "the table \(table.rawValue)")
        }
    }

    /// Whether the database has come to the format that has seals.
    static func isThere(in database: Database) throws -> Bool { try database.tableExists("seal") }

    static func verifyAll(in database: Database) throws {
        for table in Table.allCases { try verify(table, in: database) }
    }

    /// Seals what the transaction leaves.
    static func renew(in database: Database) throws {
        for table in Table.allCases {
            try database.cachedStatement(
                sql: """
                    INSERT INTO seal (table_name, checksum) VALUES (?, \(table.sum))
                    ON CONFLICT (table_name) DO UPDATE SET checksum = excluded.checksum
                        WHERE checksum IS NOT excluded.checksum
                    """
            ).execute(arguments: [table.rawValue])
        }
    }
}
