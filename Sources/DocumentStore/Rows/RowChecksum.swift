import FileFormat
import GRDB
import GRDBSQLite

/// The SQL function `vdb_checksum(value, …)`: the low 64 bits of XXH3-128 over its arguments in
/// order. Each argument is hashed as a byte for its type (1 integer, 2 real, 3 text, 4 blob, 5
/// null); 8 little-endian bytes with the integer, the bits of the real, or the length in bytes; and
/// the bytes of a text or blob.
///
/// SQLite has no page checksums: it does not notice a flipped bit in a text or a vector. So each
/// row with content that cannot be rebuilt has a checksum of its other columns. It is null in rows
/// of a format 1 database that the migration has not reached yet.
enum RowChecksum {
    static let name = "vdb_checksum"

    /// The columns that each table's checksum covers. Their order is part of the format.
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

    /// An SQL condition that holds for a row whose checksum is right or has not been computed yet.
    /// - Parameter alias: the table's alias in the statement, with a period.
    static func isRight(_ columns: String, alias: String = "") -> String {
        let qualified = columns.split(separator: ", ").map { alias + $0 }.joined(separator: ", ")
        return """
            (\(alias)checksum IS NULL OR \(alias)checksum = \(name)(\(qualified)))
            """
    }

    static func register(in database: Database) throws {
        let hasher = Unmanaged.passRetained(ContentHasher())
        // The hasher is used by one connection and so by one thread at a time.
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
            // Get the text first: that may convert it, which changes its length.
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
