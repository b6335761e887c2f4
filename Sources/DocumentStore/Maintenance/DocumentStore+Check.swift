import FileFormat
import Foundation
import GRDB
import Ranking

extension DocumentStore {
    /// The most findings of one kind that are listed; one more counts the rest.
    private static let listed = 20

    /// Reads everything and reports what is wrong; empty means sound. Writers are not blocked.
    ///
    /// Checks SQLite's integrity and foreign keys; every row's checksum; that every text decodes;
    /// every vector's length and numbers; the values of indexed fields against the metadata; the
    /// counts; that keys are below their counters; and, unless it has been pruned, the change log,
    /// by replaying it and comparing the result with the passages.
    package func check() throws(StoreError) -> [StoreFinding] {
        var findings: [StoreFinding] = []
        do throws(StoreError) {
            findings += try read { database in
                var found = try Self.checkFile(database)
                found += try Self.checkSeals(database)
                // In a damaged file, further checks would only report consequences.
                guard found.isEmpty else { return found }
                for collection in try CollectionRecord.all(in: database) {
                    let check = CollectionCheck(database: database, collection: collection)
                    found += try check.run(listed: Self.listed)
                }
                return found
            }
        } catch {
            guard case .corrupt(_, let detail) = error else { throw error }
            findings.append(StoreFinding(kind: .database, collection: nil, detail: detail))
        }
        return findings
    }

    private static func checkFile(_ database: Database) throws -> [StoreFinding] {
        var findings: [StoreFinding] = []
        for line in try String.fetchAll(database, sql: "PRAGMA integrity_check(\(listed))")
        where line != "ok" {
            findings.append(StoreFinding(kind: .database, collection: nil, detail: line))
        }
        for row in try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").prefix(listed) {
            let (table, parent): (String, String) = (row[0], row[2])
            let key = (row[1] as Int64?).map(String.init) ?? "?"
            findings.append(
                StoreFinding(
                    kind: .foreignKey, collection: nil,
                    detail: "row \(key) of \(table) refers to a \(parent) that does not exist"))
        }
        return findings
    }

    /// Checks the small tables against their seals, and the counters against the keys in use.
    private static func checkSeals(_ database: Database) throws -> [StoreFinding] {
        var findings: [StoreFinding] = []
        for table in Seal.Table.allCases {
            do { try Seal.verify(table, in: database) } catch let error as DatabaseError
                where error.resultCode == .SQLITE_CORRUPT
            {
                findings.append(
                    StoreFinding(
                        kind: .seal, collection: nil,
                        detail: "the table \(table.rawValue) has changed since it was written"))
            }
        }
        for (table, counter) in [("document", "document"), ("passage", "passage")] {
            let isBehind = try Bool.fetchOne(
                database,
                sql: """
                    SELECT coalesce((SELECT max(key) FROM \(table)), 0) >=
                        coalesce((SELECT value FROM counter WHERE name = ?), 0)
                    """, arguments: [counter])
            if isBehind == true {
                findings.append(
                    StoreFinding(
                        kind: .counter, collection: nil,
                        detail: "the next \(table) key is not above those in use"))
            }
        }
        return findings
    }
}

/// The checks of one collection, on one snapshot.
private struct CollectionCheck {
    let database: Database
    let collection: CollectionRecord

    func run(listed: Int) throws -> [StoreFinding] {
        // A damaged row may hold values of types that its columns do not allow.
        let damaged = try checksums()
        guard damaged.isEmpty else { return shortened(damaged, to: listed) }
        let parts = [
            try counts(), try texts(), try vectors(), try fieldValues(),
            try changeLog(),
        ]
        return parts.flatMap { shortened($0, to: listed) }
    }

    private func shortened(_ findings: [StoreFinding], to listed: Int) -> [StoreFinding] {
        guard let kind = findings.first?.kind, findings.count > listed else { return findings }
        return findings.prefix(listed)
            + [finding(kind, "\(findings.count - listed) more like these")]
    }

    private func finding(_ kind: StoreFinding.Kind, _ detail: String) -> StoreFinding {
        StoreFinding(kind: kind, collection: collection.name, detail: detail)
    }

    private static let passages = """
        FROM passage AS p JOIN document AS d ON d.key = p.document WHERE d.collection = ?
        """

    private func counts() throws -> [StoreFinding] {
        let counted = [
            (
                "documents", collection.documentCount,
                "SELECT count(*) FROM document WHERE collection = ?"
            ),
            ("passages", collection.passageCount, "SELECT count(*) \(Self.passages)"),
        ]
        return try counted.compactMap { name, recorded, sql in
            let found = try Int.fetchOne(database, sql: sql, arguments: [collection.id]) ?? 0
            guard found != recorded else { return nil }
            return finding(.count, "\(found) \(name) are stored, \(recorded) are recorded")
        }
    }

    /// Finds rows that have changed since they were written.
    private func checksums() throws -> [StoreFinding] {
        let tables = [
            ("document", "key", "WHERE collection = :id"),
            ("source", "id", ""),
            ("change", "position", "WHERE collection = :id"),
            (
                "passage", "key",
                "WHERE document IN (SELECT key FROM document WHERE collection = :id)"
            ),
            ("vector_\(collection.id)", "passage", ""),
        ]
        // Rows that the migration has not reached yet have no checksum.
        let mayBeMissing = try Migrator.unfilled(database) != nil
        return try tables.flatMap { table, key, condition in
            guard let columns = RowChecksum.columns(ofTable: table) else { return [StoreFinding]() }
            let isRight =
                mayBeMissing
                ? RowChecksum.isRight(columns)
                : "checksum IS \(RowChecksum.name)(\(columns))"
            let wrong = try Int64.fetchAll(
                database,
                sql: """
                    SELECT \(key) FROM \(table) \(condition)
                        \(condition.isEmpty ? "WHERE" : "AND") NOT (\(isRight))
                    """, arguments: condition.isEmpty ? [] : ["id": collection.id])
            return wrong.map {
                finding(.checksum, "row \($0) of \(table) has changed since it was written")
            }
        }
    }

    private func fieldValues() throws -> [StoreFinding] {
        try IndexedField.all(of: collection.id, in: database).compactMap { field in
            let wrong = try field.documentsWithWrongValues(of: collection.id, in: database)
            guard let first = wrong.first else { return nil }
            return finding(
                .fieldValue,
                "the values of the indexed field '\(field.name)' are not those of \(wrong.count) "
                    + "documents' metadata, the first of which has the key \(first)")
        }
    }

    private func texts() throws -> [StoreFinding] {
        var findings: [StoreFinding] = []
        let rows = try Row.fetchCursor(
            database, sql: "SELECT p.key, p.text_length, p.text \(Self.passages)",
            arguments: [collection.id])
        while let row = try rows.next() {
            do throws(FileError) {
                _ = try StoredText.decode(row[2], length: row[1])
            } catch {
                findings.append(finding(.text, "passage \(row[0] as Int64): \(error)"))
            }
        }
        return findings
    }

    private func vectors() throws -> [StoreFinding] {
        guard collection.dimensions > 0 else { return [] }
        var findings: [StoreFinding] = []
        var values: [Float] = []
        let rows = try Row.fetchCursor(
            database, sql: "SELECT passage, value FROM vector_\(collection.id)")
        while let row = try rows.next() {
            values.removeAll(keepingCapacity: true)
            let isWhole = try row.withUnsafeData(atIndex: 1) { data in
                data?.withUnsafeBytes {
                    StoredVector.decode(
                        $0, as: collection.elementType, dimensions: collection.dimensions,
                        appendingTo: &values)
                } ?? false
            }
            let key: Int64 = row[0]
            if !isWhole {
                findings.append(
                    finding(
                        .vector,
                        "passage \(key): its vector does not have \(collection.dimensions) numbers")
                )
            } else if !VectorElement.float32.isFinite(values) {
                findings.append(finding(.vector, "passage \(key): its vector is not finite"))
            }
        }
        return findings
            + (try difference(
                "SELECT passage FROM vector_\(collection.id)", kind: .vector, noun: "vector"))
    }

    /// Compares the keys of another table with those of the passages.
    private func difference(_ keys: String, kind: StoreFinding.Kind, noun: String) throws
        -> [StoreFinding]
    {
        let passages = "SELECT p.key \(Self.passages)"
        let missing = try Int64.fetchAll(
            database, sql: "\(passages) EXCEPT \(keys)", arguments: [collection.id])
        let stray = try Int64.fetchAll(
            database, sql: "\(keys) EXCEPT \(passages)", arguments: [collection.id])
        return missing.map { finding(kind, "passage \($0) has no \(noun)") }
            + stray.map { finding(kind, "a \(noun) without a passage: key \($0)") }
    }

    /// Replays the log from the empty collection. A pruned log cannot be replayed.
    private func changeLog() throws -> [StoreFinding] {
        guard try ChangeLog.prunedThrough(collection.id, in: database) == 0 else { return [] }
        var alive = Set<Int64>()
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT kind, first_passage, last_passage FROM change
                WHERE collection = ? ORDER BY position
                """, arguments: [collection.id])
        while let row = try rows.next() {
            let (first, last): (Int64, Int64) = (row[1], row[2])
            guard first <= last else {
                return [finding(.changeLog, "an entry from passage \(first) to \(last)")]
            }
            switch Change.Kind(rawValue: row[0]) {
            case .inserted: alive.formUnion(first...last)
            case .deleted: alive.subtract(first...last)
            case .replacedAll, nil: continue
            }
        }
        let passages = try Set(
            Int64.fetchAll(
                database, sql: "SELECT p.key \(Self.passages)", arguments: [collection.id]))
        let wrong = alive.symmetricDifference(passages).sorted()
        return wrong.map { finding(.changeLog, "passage \($0) and the change log disagree") }
    }
}
