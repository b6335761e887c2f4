/// How files of documents are read.
public struct SourceOptions: Sendable {
    /// The format of all files; `automatic` decides for each file.
    public var format: SourceFormat = .automatic

    /// The key or column of the id; `nil` for `_id`, else `id`.
    public var idField: String?
    /// The key or column of the text; `nil` for `text`.
    public var textField: String?
    /// The key or column of the title; `nil` for `title`.
    public var titleField: String?

    /// The separator of CSV fields: an ASCII character other than a quote or a line ending. `nil`
    /// for whichever of comma, semicolon and tab is most frequent in the first line.
    public var delimiter: UInt8?

    /// Whether the first line of a CSV file names its columns. If not, they are `column1`, `column2` and
    /// so on, and a row of two is an id and a text. TSV files without a header are read as such, too.
    public var hasHeader = true

    /// The types of CSV columns, instead of those that the values suggest.
    public var columnTypes: [(column: String, type: CSVColumnType)] = []

    /// For `.fvecs` and `.npy`: the path of a file with one id per line, or of JSON Lines with one
    /// document per vector.
    public var idsPath: String?

    /// Whether documents of standard input without an id are numbered (`stdin:1` …), as queries
    /// are, instead of getting ids derived from their content.
    public var numbersStreams = false

    /// Whether an unreadable file or record is counted and skipped instead of ending the iteration.
    /// For files found in folders that is so unless ``stopsInFolders``.
    public var skipsFailures = false

    /// Whether an unreadable file in a folder, or a record in it, ends the iteration.
    public var stopsInFolders = false

    /// Which files of a folder are read.
    public var selection = FileSelection()

    /// The path of a database; its files in a folder are left out without being listed in
    /// ``SourceProgress/passedOver``.
    public var databasePath: String?

    /// The encoding of texts that are not UTF-8, by a name that iconv knows. A byte order mark and a
    /// file that begins with non-ASCII characters in UTF-8 take precedence. `nil`: such a text is read
    /// as Windows-1252 if it looks like it, with a ``SourceWarning``, and fails otherwise.
    public var encoding: String?

    /// Called for every file, folder and record that is counted as failed, also for those beyond
    /// ``SourceProgress/failuresKept``.
    public var failed: (@Sendable (SourceFailure) -> Void)?

    /// The most bytes of a line, a CSV record or a file that is read whole. A longer text becomes
    /// several documents, the first with the file's id and the others with `#2`, `#3` and so on.
    public var recordLimit = 64 << 20

    /// Derived ids of documents in files below this folder begin with the path relative to it, so
    /// that they do not depend on where the program runs; `nil` for the current folder.
    public var baseFolder: String?

    /// The defaults: detect formats, stop at the first unreadable file or record, at most 64 MiB
    /// per record.
    public init() {}
}
