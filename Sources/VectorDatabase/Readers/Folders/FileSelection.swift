/// Which files of a folder are read.
public struct FileSelection: Sendable, Equatable {
    /// Patterns in the syntax of `.gitignore`, relative to the given folder. If there are any, only
    /// files that match one, or are in a folder that does, are read, whatever their extension.
    public var include: [String] = []
    /// Patterns of files and folders that are not read.
    public var exclude: [String] = []
    /// Whether `.gitignore` and `.ignore` files are obeyed.
    public var obeysIgnoreFiles = true
    /// Whether files and folders whose names begin with a dot are read.
    public var includesHidden = false

    /// The defaults: obey ignore files, leave out hidden files.
    public init() {}

    /// The first pattern in ``include`` or ``exclude`` that could not match anything, if there is one.
    public var unusablePattern: String? {
        (include + exclude).first { PathPattern(argument: $0) == nil }
    }
}

extension FileSelection {
    /// The patterns, parsed.
    struct Patterns: Sendable {
        let include: [PathPattern]
        let exclude: [PathPattern]

        init(_ selection: FileSelection) {
            include = selection.include.compactMap { PathPattern(argument: $0) }
            exclude = selection.exclude.compactMap { PathPattern(argument: $0) }
        }

        /// - Parameter names: the names in the path, relative to the given folder.
        func excludes(_ names: ArraySlice<[UInt8]>, isFolder: Bool) -> Bool {
            exclude.last { $0.matches(names, isFolder: isFolder) }.map { !$0.isNegated } ?? false
        }

        /// Whether a file is included by name, or a folder that it is in.
        func includes(_ names: ArraySlice<[UInt8]>) -> Bool {
            for end in names.indices {
                let path = names[names.startIndex...end]
                let isFolder = end + 1 < names.endIndex
                let verdict = include.last { $0.matches(path, isFolder: isFolder) }
                if let verdict { return !verdict.isNegated }
            }
            return false
        }
    }
}
