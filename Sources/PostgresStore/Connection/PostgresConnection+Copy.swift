import CPostgres

extension PostgresConnection {
    /// Writes rows into a table by COPY, in a transaction that the caller has begun or in one of its own.
    ///
    /// - Parameters:
    ///   - target: the table, and in parentheses its columns, as SQL.
    ///   - body: writes the rows. What it throws ends the COPY, of which nothing stays.
    /// - Returns: the number of rows.
    @discardableResult
    package func copy(
        into target: String, _ body: (inout CopyWriter) throws -> Void
    ) throws -> Int {
        roundTrips += 1
        try send(PostgresStatement("COPY \(target) FROM STDIN (FORMAT binary)"))
        try flush()
        guard let start = try next() else { throw lost() }
        guard start.status == LIBPQ_COPY_IN else {
            // Its error comes first, then the end.
            while try next() != nil, functions.status(connection) == LIBPQ_CONNECTION_OK {}
            throw refusal(of: start) ?? .unexpectedAnswer("COPY has not begun")
        }
        do {
            var writer = CopyWriter(self)
            try body(&writer)
            try writer.finish()
        } catch {
            // The server answers that the COPY was given up.
            if functions.putCopyEnd(connection, "given up") == 1 {
                try? flush()
                _ = try? collect()
            }
            throw error
        }
        guard functions.putCopyEnd(connection, nil) == 1 else { throw lost() }
        try flush()
        return try collect().changedRows
    }

    fileprivate func put(_ bytes: [UInt8]) throws(PostgresError) {
        let code = bytes.withUnsafeBytes { buffer in
            functions.putCopyData(
                connection, buffer.baseAddress?.assumingMemoryBound(to: CChar.self),
                Int32(clamping: buffer.count))
        }
        guard code == 1 else { throw lost() }
        try flush()
    }
}

/// Writes rows in COPY's binary form.
package struct CopyWriter {
    private let connection: PostgresConnection
    private var buffer: [UInt8]

    /// The most bytes that are collected before they are sent.
    private static let bound = 1 << 16
    /// What every COPY begins with: flags, and the length of an extension that there is none of.
    private static let header: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0] + [UInt8](repeating: 0, count: 8)

    fileprivate init(_ connection: PostgresConnection) {
        self.connection = connection
        buffer = Self.header
        buffer.reserveCapacity(2 * Self.bound)
    }

    /// Adds a row; its values must have exactly the columns' types.
    package mutating func add(_ values: [PostgresValue]) throws(PostgresError) {
        buffer.append(bigEndian: Int16(clamping: values.count))
        for value in values {
            if value == .null {
                buffer.append(bigEndian: Int32(-1))
            } else {
                buffer.appendSized { _ = value.encode(to: &$0) }
            }
        }
        if buffer.count >= Self.bound { try send() }
    }

    fileprivate mutating func finish() throws(PostgresError) {
        buffer.append(bigEndian: Int16(-1))
        try send()
    }

    private mutating func send() throws(PostgresError) {
        try connection.put(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}
