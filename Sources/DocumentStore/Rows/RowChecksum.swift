import FileFormat
import GRDB
import GRDBSQLite

/// The SQL function `vdb_checksum(value, …)`: the low 64 bits of XXH3-128 over its arguments in order,
/// each as a byte for its type (1 integer, 2 real, 3 text, 4 blob, 5 null), the integer, the real's
/// bits or the length in bytes as 8 bytes, little-endian, and the bytes of a text or blob.
///
/// SQLite guards none of its pages; a bit that flips in a text or a vector leaves a database that
/// SQLite finds sound. Each row that holds what cannot be rebuilt therefore carries a checksum of its
/// other columns. It is null in rows of a database of format 1 that the migration has not come to.
enum RowChecksum {
    static let name = "vdb_checksum"

    /// What each table's checksum covers, in this order, which is part of the format.
    static let document =
        "key, collection, id, title, metadata, source, source_position, content_hash"
    static let passage = "key, document, ordinal, text_start, text_length, tokens, text"
    static let vector = "passage, value"
    static let source = "id, path"
    static let change = "collection, kind, first_passage, last_passage, token"

    /// The columns that a table's checksum covers.
    static func columns(ofTable table: String) -> String? {
        switch table {
        case "document": document
        case "passage": passage
        case "source": source
        case "change": change
        default: table.contains("vector_") ? vector : nil
        }
    }

    /// True in SQL for a row whose checksum is right or has not been made yet.
    /// - Parameter alias: the table's name in the statement, with a full stop.
    static func isRight(_ columns: String, alias: String = "") -> String {
        let qualified = columns.split(separator: ", ").map { alias + $0 }.joined(separator: ", ")
        return """
            (\(alias)checksum IS NULL OR \(alias)checksum = \(name)(\(qualified)))
            """
    }

    static func register(in database: Database) throws {
        let hasher = Unmanaged.passRetained(ContentHasher())
        // Deterministic and harmless; used by one connection, so by one thread at a time.
        let code = sqlite3_create_function_v2(
            database.sqliteConnection, name, -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
            hasher.toOpaque(),
            { context, count, values in RowChecksum.evaluate(context, count, values) }, nil, nil,
            { hasher in hasher.map { Unmanaged<ContentHasher>.fromOpaque($0).release() } })
        guard code == SQLITE_OK else {
            throw DatabaseError(resultCode: ResultCode(rawValue: code))
        }
    }

    private static func evaluate(
        _ context: OpaquePointer?, _ count: CInt, _ values: UnsafeMutablePointer<OpaquePointer?>?
    ) {
        guard let values, let data = sqlite3_user_data(context) else { return }
        let hasher = Unmanaged<ContentHasher>.fromOpaque(data).takeUnretainedValue()
        hasher.reset()
        for index in 0..<Int(count) { update(hasher, values[index]) }
        sqlite3_result_int64(context, Int64(bitPattern: hasher.finalize().low))
    }

    private static func update(_ hasher: ContentHasher, _ value: OpaquePointer?) {
        func add(_ type: UInt8, _ number: UInt64) {
            withUnsafeBytes(of: type) { hasher.update($0) }
            withUnsafeBytes(of: number.littleEndian) { hasher.update($0) }
        }
        switch sqlite3_value_type(value) {
        case SQLITE_INTEGER: add(1, UInt64(bitPattern: sqlite3_value_int64(value)))
        case SQLITE_FLOAT: add(2, sqlite3_value_double(value).bitPattern)
        case SQLITE_TEXT:
            // The text first: asking for it may convert it, which changes its length.
            let bytes = UnsafeRawPointer(sqlite3_value_text(value))
            add(3, UInt64(sqlite3_value_bytes(value)))
            hasher.update(
                UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_value_bytes(value))))
        case SQLITE_BLOB:
            let bytes = sqlite3_value_blob(value)
            add(4, UInt64(sqlite3_value_bytes(value)))
            hasher.update(
                UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_value_bytes(value))))
        default: add(5, 0)
        }
    }
}
