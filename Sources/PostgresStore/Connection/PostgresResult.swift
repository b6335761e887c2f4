import CPostgres

/// The answer to one statement: rows of columns in PostgreSQL's binary form.
package final class PostgresResult {
    private let functions: libpq
    private let result: OpaquePointer
    /// The number of rows.
    package let count: Int
    package let columns: Int

    init(_ result: OpaquePointer, _ functions: libpq) {
        self.functions = functions
        self.result = result
        count = Int(functions.ntuples(result))
        columns = Int(functions.nfields(result))
    }

    deinit { functions.clear(result) }

    var status: Int { Int(functions.resultStatus(result)) }

    /// A field of the error that this is; `nil` if it has none.
    func errorField(_ field: Int) -> String? {
        functions.resultErrorField(result, Int32(field)).map { String(cString: $0) }
    }

    /// The number of rows that a statement inserted, changed, deleted or copied.
    package var changedRows: Int {
        functions.cmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0
    }

    package subscript(row: Int) -> Row {
        precondition(row >= 0 && row < count)
        return Row(result: self, index: row)
    }

    package var rows: some Sequence<Row> { (0..<count).lazy.map { [self] in self[$0] } }

    /// One row. Columns are counted from 0.
    package struct Row {
        fileprivate let result: PostgresResult
        fileprivate let index: Int

        package func isNull(_ column: Int) -> Bool {
            result.functions.getisnull(result.result, Int32(index), Int32(column)) != 0
        }

        /// Of the types int2, int4 and int8.
        package func integer(_ column: Int) throws(PostgresError) -> Int64 {
            try withBytes(column) { bytes throws(PostgresError) in
                switch bytes.count {
                case 8: Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
                case 4: Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
                case 2: Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
                default: throw mismatch(column, "an integer")
                }
            }
        }

        /// Of the types float4 and float8.
        package func real(_ column: Int) throws(PostgresError) -> Double {
            try withBytes(column) { bytes throws(PostgresError) in
                switch bytes.count {
                case 8: Double(bitPattern: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
                case 4:
                    Double(
                        Float(bitPattern: UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))))
                default: throw mismatch(column, "a number")
                }
            }
        }

        package func boolean(_ column: Int) throws(PostgresError) -> Bool {
            try withBytes(column) { bytes throws(PostgresError) in
                guard bytes.count == 1 else { throw mismatch(column, "a boolean") }
                return bytes[0] != 0
            }
        }

        package func text(_ column: Int) throws(PostgresError) -> String {
            try withBytes(column) { bytes throws(PostgresError) in
                String(decoding: bytes, as: UTF8.self)
            }
        }

        package func optionalText(_ column: Int) throws(PostgresError) -> String? {
            isNull(column) ? nil : try text(column)
        }

        package func bytes(_ column: Int) throws(PostgresError) -> [UInt8] {
            try withBytes(column) { bytes throws(PostgresError) in Array(bytes) }
        }

        /// A jsonb, as text.
        package func json(_ column: Int) throws(PostgresError) -> String {
            try withBytes(column) { bytes throws(PostgresError) in
                guard bytes.first == 1 else { throw mismatch(column, "a jsonb") }
                return String(decoding: bytes.dropFirst(), as: UTF8.self)
            }
        }

        /// Appends the components of pgvector's `vector`.
        package func appendVector(
            _ column: Int, to values: inout [Float]
        ) throws(PostgresError) {
            try withBytes(column) { bytes throws(PostgresError) in
                guard bytes.count >= 4, bytes.count % 4 == 0,
                    Int(UInt16(bigEndian: bytes.loadUnaligned(as: UInt16.self)))
                        == bytes.count / 4 - 1
                else { throw mismatch(column, "a vector") }
                for offset in stride(from: 4, to: bytes.count, by: 4) {
                    let bits = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                    values.append(Float(bitPattern: UInt32(bigEndian: bits)))
                }
            }
        }

        /// Calls `body` with the column's bytes, which are valid during the call only.
        package func withBytes<T>(
            _ column: Int, _ body: (UnsafeRawBufferPointer) throws(PostgresError) -> T
        ) throws(PostgresError) -> T {
            let (functions, pointer) = (result.functions, result.result)
            guard column < result.columns else {
                throw .unexpectedAnswer("it has \(result.columns) columns")
            }
            if isNull(column) { throw mismatch(column, "a value") }
            let count = functions.getlength(pointer, Int32(index), Int32(column))
            let start = functions.getvalue(pointer, Int32(index), Int32(column))
            return try withExtendedLifetime(result) { () throws(PostgresError) -> T in
                try body(UnsafeRawBufferPointer(start: start, count: Int(count)))
            }
        }

        private func mismatch(_ column: Int, _ wanted: String) -> PostgresError {
            .unexpectedAnswer("column \(column + 1) is not \(wanted)")
        }
    }
}
