import FileFormat

/// The rules of one folder's `.gitignore` and `.ignore`, which hold for everything below it.
struct IgnoreRules: Sendable {
    /// The number of names in the absolute path of the folder.
    private let depth: Int
    private let patterns: [PathPattern]

    /// The most bytes of a file of rules that are read.
    private static let sizeLimit = 1 << 20

    /// The rules in a folder; `nil` if it has none. A file of rules that cannot be read has none.
    ///
    /// - Parameters:
    ///   - folder: the folder's path.
    ///   - names: the names in its absolute path.
    init?(in folder: SourcePath, names: [[UInt8]], files: [String]) {
        depth = names.count
        patterns = files.flatMap { Self.read(folder.appending(Array($0.utf8))) }
        if patterns.isEmpty { return nil }
    }

    /// Whether a path below the folder is ignored; `nil` if no rule is about it. The last rule that
    /// matches decides.
    ///
    /// - Parameter names: the names in the absolute path.
    func ignores(_ names: [[UInt8]], isFolder: Bool) -> Bool? {
        patterns.last { $0.matches(names[depth...], isFolder: isFolder) }.map { !$0.isNegated }
    }

    private static func read(_ path: SourcePath) -> [PathPattern] {
        guard case .file(let size) = FolderListing.entry(at: path.bytes, name: []).kind,
            size > 0, size <= sizeLimit,
            let stream = try? DescriptorStream(path: path.bytes, name: "\(path)")
        else { return [] }
        let lines = LineReader(stream, limit: sizeLimit)
        var patterns: [PathPattern] = []
        while let pattern = try? lines.next({ PathPattern(line: $0) }) {
            if let pattern { patterns.append(pattern) }
        }
        return patterns
    }
}

extension IgnoreRules {
    /// The files of rules in a folder; rules of later ones take precedence.
    static let files = [".gitignore", ".ignore"]

    /// The rules that hold in a folder from outside: those of the folders above it in the same Git
    /// repository, from the outermost on. In no repository there are none.
    static func around(_ names: [[UInt8]]) -> [IgnoreRules] {
        func folder(_ count: Int) -> SourcePath {
            SourcePath(bytes: [UInt8(ascii: "/")] + names[..<count].joined(separator: [47]))
        }
        func isRepository(_ count: Int) -> Bool {
            switch FolderListing.entry(
                at: folder(count).appending(Array(".git".utf8)).bytes, name: []
            ).kind {
            case .folder, .linkToFolder, .file: true
            default: false
            }
        }
        guard let root = (0...names.count).last(where: isRepository) else { return [] }
        var rules: [IgnoreRules] = []
        if let own = IgnoreRules(
            in: folder(root).appending(Array(".git".utf8)), names: Array(names[..<root]),
            files: ["info/exclude"])
        {
            rules.append(own)
        }
        return rules
            + (root..<max(root, names.count)).compactMap { count in
                IgnoreRules(in: folder(count), names: Array(names[..<count]), files: files)
            }
    }
}

extension [IgnoreRules] {
    /// Whether a path is ignored: the innermost folder with a rule about it decides.
    func ignore(_ names: [[UInt8]], isFolder: Bool) -> Bool {
        for rules in reversed() {
            if let verdict = rules.ignores(names, isFolder: isFolder) { return verdict }
        }
        return false
    }
}
