import GRDB

/// Checksums of the small tables on which the meaning of all others depends: collections and their
/// models, counters, indexed fields, properties.
///
/// Their rows are updated in place by many statements. One checksum over the whole table, renewed
/// at the end of each commit, keeps that in one place.
///
///     write ── verify all ── statements … ── renew ── commit
///     read a collection ── verify `collection`; fields ── verify `indexed_field`
///
/// 1. A transaction begins by verifying, so that a flipped bit never gets into a new seal.
/// 2. The sum does not depend on the order of rows; a missing or repeated row changes it.
enum Seal {
    enum Table: String, CaseIterable {
        case collection, counter, property
        case indexedField = "indexed_field"

        /// The columns that are covered. Their order is part of the format.
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

        /// SQL for a row's checksum. A column of a later format counts only if it is set, so that
        /// its migration changes no seal.
        ///
        /// - Parameter hasSearchSettings: whether the database's format has that column.
        private func row(hasSearchSettings: Bool) -> String {
            guard self == .collection, hasSearchSettings else {
                return "\(RowChecksum.name)(\(columns))"
            }
            return """
                CASE WHEN search_settings IS NULL THEN \(RowChecksum.name)(\(columns))
                ELSE \(RowChecksum.name)(\(columns), search_settings) END
                """
        }

        /// SQL for the table's checksum. It covers the number of rows and the sums of the two
        /// halves of the rows' checksums (sums of whole ones would overflow).
        fileprivate func sum(in database: Database) throws -> String {
            let row = row(
                hasSearchSettings: try CollectionRecord.hasSearchSettings(in: database))
            return """
                (SELECT \(RowChecksum.name)(count(*), sum(sum & 0xffffffff), sum(sum >> 32))
                FROM (SELECT \(row) AS sum FROM \(rawValue)))
                """
        }
    }

    /// - Throws: `SQLITE_CORRUPT` if the table has changed since it was sealed.
    static func verify(_ table: Table, in database: Database) throws {
        let isRight = try Bool.fetchOne(
            database.cachedStatement(
                sql: "SELECT checksum = \(table.sum(in: database)) FROM seal WHERE table_name = ?"),
            arguments: [table.rawValue])
        guard isRight == true else {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "the table \(table.rawValue)")
        }
    }

    /// Whether the database's format has seals.
    static func isThere(in database: Database) throws -> Bool { try database.tableExists("seal") }

    static func verifyAll(in database: Database) throws {
        for table in Table.allCases { try verify(table, in: database) }
    }

    /// Seals the tables at the end of a transaction.
    static func renew(in database: Database) throws {
        for table in Table.allCases {
            try database.cachedStatement(
                sql: """
                    INSERT INTO seal (table_name, checksum) VALUES (?, \(table.sum(in: database)))
                    ON CONFLICT (table_name) DO UPDATE SET checksum = excluded.checksum
                        WHERE checksum IS NOT excluded.checksum
                    """
            ).execute(arguments: [table.rawValue])
        }
    }
}
