import FileFormat

/// Parquet: rows as JSON Lines, by DuckDB's program.
///
/// It reads standard input, so that it takes no path for a pattern. It runs as a process of its own with bounds on memory and time, and reads a row group at a time.
enum ParquetSource {
    /// Whether DuckDB's program is installed.
    static var isAvailable: Bool { BoundedProgram.find("duckdb") != nil }

    /// Null fields are left out, as in JSON a missing field and null are not the same.
    private static let query = """
        SET threads = 1; SET memory_limit = '1GB'; SET temp_directory = '';
        SELECT json_merge_patch('{}', to_json(r)) FROM read_parquet('/dev/stdin') AS r
        """

    /// - Parameters:
    ///   - stream: the file's bytes.
    ///   - canReopen: whether the file can be read from its path instead.
    static func open(
        _ file: InputFile, _ stream: any ByteStream, canReopen: Bool
    ) throws -> ProgramStream {
        guard let program = BoundedProgram.find("duckdb") else {
            throw SourceError.libraryMissing(
                path: file.path, library: "duckdb", package: "duckdb-cli")
        }
        // Rows are read from the end of the file on, so a pipe would not do.
        let input =
            canReopen
            ? try DescriptorStream(path: file.location.bytes, name: file.path)
            : nil
        let spooled = canReopen ? nil : try SpooledStream(stream)
        var bounds = BoundedProgram.Bounds(output: .max)
        // A crafted file of a few bytes may have any number of rows.
        bounds.seconds += file.size >> 20
        return try withExtendedLifetime((input, spooled)) {
            try ProgramStream(
                program,
                ["-init", "/dev/null", "-batch", "-list", "-noheader", "-c", query],
                input: input?.descriptor ?? spooled?.descriptor ?? -1, bounds: bounds,
                name: file.path)
        }
    }
}
