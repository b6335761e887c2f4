import FileFormat

/// The units of some files and folders.
///
/// A unit is a file; JSON Lines and TSV that are longer than the unit size are cut at line ends, if their
/// ranges can be read as the whole file would be: not if they are compressed, in another encoding than
/// UTF-8, an export, a table with a header, or JSON over several lines.
struct UnitList {
    private(set) var units: [FileUnit] = []
    /// What the files were found by, with those that are skipped.
    let walk: FileWalk

    /// - Parameters:
    ///   - unitSize: bytes, at least 1.
    ///   - countsLines: whether lines before a range are counted, for which the files that are cut are read
    ///     once.
    /// - Throws: ``SourceError`` for the first file that cannot be read.
    init(
        _ paths: [SourcePath], options: SourceOptions, unitSize: Int, countsLines: Bool
    ) throws {
        walk = try FileWalk(paths, options: options)
        for file in walk.files {
            guard !file.isStream else {
                throw SourceError.unusableContent(
                    path: file.path, reason: "is not a file that several processes could read")
            }
            let path = Self.path(of: file, below: paths)
            guard file.size > unitSize, let format = try file.formatToCut(options) else {
                units.append(try FileUnit(file, path: path, range: 0..<file.size))
                continue
            }
            var lines = 0
            for range in try file.ranges(of: unitSize) {
                var part = file
                part.format = format
                part.lines = LineRange(bytes: range, before: lines)
                units.append(try FileUnit(part, path: path, range: range))
                if countsLines { lines += try file.countLines(in: range) }
            }
        }
    }

    /// - Parameter paths: the arguments; of several, the number is part of the path, since two may have
    ///   the same names below them.
    private static func path(of file: InputFile, below paths: [SourcePath]) -> String {
        let given = paths[file.argument].bytes
        var rest = file.location.bytes[...]
        if rest.starts(with: given), rest.count > given.count {
            rest = rest.dropFirst(given.count).drop { $0 == UInt8(ascii: "/") }
        } else {
            rest = rest[((rest.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1)...]
        }
        let path = "\(SourcePath(bytes: Array(rest)))"
        return paths.count > 1 ? "\(file.argument + 1):\(path)" : path
    }
}

extension InputFile {
    /// The format of the file if its lines can be read from the middle on.
    fileprivate func formatToCut(_ options: SourceOptions) throws -> SourceFormat? {
        guard !mayBeNoDocuments else { return nil }
        return try translating {
            let content = try OpenedFile(
                DescriptorStream(path: location.bytes, name: path), file: self, options: options,
                warn: { _ in })
            let stream = content.stream
            guard !content.isCompressed, !content.isTranscoded,
                try stream.peek(LineReader.lookAhead).contains(10)
            else { return nil }
            switch content.format {
            case .jsonLines, .automatic:
                let start = try stream.peek(4096, lineIsEnough: true)
                // The first line of an export says how the others are read.
                let isExport = String(decoding: start, as: UTF8.self)
                    .contains("\"\(CollectionSettings.exportKey)\"")
                guard isJSONLines(start), !isExport else { return nil }
                return .jsonLines
            case .tsv: return try isTable(stream, options) ? nil : .tsv
            default: return nil
            }
        }
    }

    /// Ranges that end at the first line end from each multiple of the unit size on.
    fileprivate func ranges(of unitSize: Int) throws -> [Range<Int>] {
        try translating {
            var ranges: [Range<Int>] = []
            var start = 0
            while start < size {
                // The byte before may be the end of a line.
                var end = size - start > unitSize ? start + unitSize - 1 : size
                if end < size {
                    end += try RangeStream(
                        path: location.bytes, name: path, range: end..<size
                    ).bytesToLineFeed()
                }
                ranges.append(start..<end)
                start = end
            }
            return ranges
        }
    }

    fileprivate func countLines(in range: Range<Int>) throws -> Int {
        try translating {
            try RangeStream(path: location.bytes, name: path, range: range).countLineFeeds()
        }
    }

    /// Opens a range of lines.
    func open(_ lines: LineRange, options: SourceOptions) throws -> any RecordReader {
        let stream = try RangeStream(path: location.bytes, name: path, range: lines.bytes)
        let reader = LineReader(
            stream, limit: options.recordLimit, keepsByteOrderMark: lines.bytes.lowerBound > 0,
            after: lines.before)
        return format == .tsv
            ? TSVReader(reader, file: self)
            : JSONLinesReader(reader, file: self, options: options)
    }
}
