import FileFormat
import Foundation
import TextBytes

/// Finds the files that paths stand for, in a fixed order.
struct FileWalk {
    private(set) var files: [InputFile] = []
    /// Files and folders in folders that are skipped by design.
    private(set) var passedOver: [PassedOverFile] = []
    /// The folders that were listed, and those of given files: where changes are seen.
    private(set) var folders: [SourcePath] = []
    /// Folders and links that should be read but cannot be examined.
    private(set) var failures: [SourceFailure] = []

    private let options: SourceOptions
    private let patterns: FileSelection.Patterns
    private let baseFolder: String
    /// The path of the database, whose files are left out without a word, with the `-` of its others.
    private let database: (main: String, others: String)?

    /// The files and folders seen so far, for links to them.
    private var seen: Set<FolderListing.Identity> = []
    /// Links found in a folder. They are followed after everything else: what they lead to is read
    /// once, and by its own name if that is in the folder, too.
    private var links: [Link] = []

    private struct Link {
        var entry: FolderListing.Entry
        var path: SourcePath
        var place: Place
    }

    /// Where a walk is: the absolute path's names, how many of them belong to the given folder, and
    /// the rules that hold there.
    private struct Place {
        var names: [[UInt8]]
        var given: Int
        var rules: [IgnoreRules]

        var relative: ArraySlice<[UInt8]> { names[given...] }
    }

    /// A path is a file, a folder, or `-`. Folders are walked in the byte order of names; links are
    /// followed last, each file and folder once.
    ///
    /// An entry of a folder that cannot be examined is added to `failures`, unless
    /// `options.stopsInFolders`. So is a given path if `options.skipsFailures`; otherwise it ends the
    /// walk with an error.
    init(_ paths: [SourcePath], options: SourceOptions) throws(SourceError) {
        self.options = options
        patterns = FileSelection.Patterns(options.selection)
        baseFolder = Self.absolute(options.baseFolder ?? ".")
        database = options.databasePath.map {
            let path = Self.absolute($0)
            return (path, path + "-")
        }
        for (number, path) in paths.enumerated() {
            let first = files.count
            do throws(SourceError) { try add(path) } catch {
                guard options.skipsFailures else { throw error }
                fail(error, at: path, isFromFolder: false)
            }
            for index in first..<files.count { files[index].argument = number }
        }
    }

    private mutating func add(_ path: SourcePath) throws(SourceError) {
        if path == SourcePath("-") {
            files.append(
                InputFile(
                    path: "-", location: path, source: "-",
                    name: options.numbersStreams ? "stdin" : "", format: chosenFormat, size: 0,
                    isStream: true))
            return
        }
        let entry = FolderListing.entry(at: path.bytes, name: [])
        switch entry.kind {
        case .unknown(let code):
            if code == ENOENT || code == ENOTDIR { throw .missing(path: "\(path)") }
            throw .unreadable(path: "\(path)", reason: Self.reason(code))
        case .brokenLink: throw .missing(path: "\(path)")
        case .folder, .linkToFolder: try walkGiven(path)
        case .file, .special:
            folders.append(path.parent)
            append(path, entry, format: givenFormat(path))
        }
    }

    private var chosenFormat: SourceFormat? {
        options.format == .automatic ? nil : options.format
    }

    private func givenFormat(_ path: SourcePath) -> SourceFormat? {
        chosenFormat ?? SourceFormat.of(fileName: Self.fileName(path))
    }

    // MARK: Folders

    private mutating func walkGiven(_ path: SourcePath) throws(SourceError) {
        let listing = try Self.list(path)
        let names = path.absoluteNames
        // A link to a folder around this one would lead back to it.
        for count in 0...names.count {
            let folder = [UInt8(ascii: "/")] + names[..<count].joined(separator: [47])
            if let identity = FolderListing.entry(at: folder, name: []).identity {
                seen.insert(identity)
            }
        }
        let rules = options.selection.obeysIgnoreFiles ? IgnoreRules.around(names) : []
        try walk(path, listing, Place(names: names, given: names.count, rules: rules))
        while !links.isEmpty {
            let found = links
            links = []
            for link in found { try follow(link) }
        }
    }

    private static func list(_ folder: SourcePath) throws(SourceError) -> FolderListing {
        do throws(FileError) { return try FolderListing(folder.bytes, name: "\(folder)") } catch {
            guard case .system(_, _, let code) = error else { throw .missing(path: "\(folder)") }
            throw .unreadable(path: "\(folder)", reason: reason(code))
        }
    }

    private mutating func walk(
        _ folder: SourcePath, _ listing: FolderListing, _ place: Place
    ) throws(SourceError) {
        folders.append(folder)
        var place = place
        if options.selection.obeysIgnoreFiles,
            let rules = IgnoreRules(in: folder, names: place.names, files: IgnoreRules.files)
        {
            place.rules.append(rules)
        }
        for entry in listing.entries {
            let path = folder.appending(entry.name)
            var inside = place
            inside.names.append(entry.name)
            let isFolder = entry.kind == .folder || entry.kind == .linkToFolder
            if isOfDatabase(path) { continue }
            if let reason = reasonToSkip(entry, inside, isFolder: isFolder) {
                passOver(path, reason)
            } else if entry.isLink, entry.kind != .brokenLink {
                links.append(Link(entry: entry, path: path, place: inside))
            } else {
                try visit(entry, at: path, inside)
            }
        }
    }

    private func reasonToSkip(
        _ entry: FolderListing.Entry, _ place: Place, isFolder: Bool
    ) -> PassedOverFile.Reason? {
        if entry.name.first == UInt8(ascii: "."),
            !options.selection.includesHidden || entry.name == Array(".git".utf8)
        {
            return .hidden
        }
        if place.rules.ignore(place.names, isFolder: isFolder) { return .ignored }
        if patterns.excludes(place.relative, isFolder: isFolder) { return .excluded }
        if !isFolder, !patterns.include.isEmpty, !patterns.includes(place.relative) {
            return .excluded
        }
        return nil
    }

    private mutating func visit(
        _ entry: FolderListing.Entry, at path: SourcePath, _ place: Place
    ) throws(SourceError) {
        if entry.kind == .folder || entry.kind == .linkToFolder {
            if let identity = entry.identity { seen.insert(identity) }
            do throws(SourceError) {
                let listing = try Self.list(path)
                try walk(path, listing, place)
            } catch {
                // An error that ends the walk comes from further inside, and has been recorded.
                if options.stopsInFolders { throw error }
                fail(error, at: path, isFromFolder: true)
            }
            return
        }
        let format = formatInFolder(path)
        guard format != nil || !patterns.include.isEmpty else { return passOver(path, .name) }
        switch entry.kind {
        case .file:
            append(path, entry, format: format, isFromFolder: true)
        case .brokenLink: try failInFolder(.brokenLink(path: "\(path)"), at: path)
        case .unknown(let code):
            try failInFolder(
                .unreadable(path: "\(path)", reason: Self.reason(code)), at: path)
        default: passOver(path, .special)
        }
    }

    private mutating func follow(_ link: Link) throws(SourceError) {
        if let identity = link.entry.identity, seen.contains(identity) {
            return passOver(link.path, .alreadyRead)
        }
        try visit(link.entry, at: link.path, link.place)
    }

    private func isOfDatabase(_ path: SourcePath) -> Bool {
        guard let database else { return false }
        let source = Self.absolute("\(path)")
        return source.hasSameBytes(as: database.main) || source.startsWithBytes(of: database.others)
    }

    private mutating func passOver(_ path: SourcePath, _ reason: PassedOverFile.Reason) {
        passedOver.append(PassedOverFile(path: "\(path)", reason: reason))
    }

    private mutating func failInFolder(
        _ error: SourceError, at path: SourcePath
    ) throws(SourceError) {
        if options.stopsInFolders { throw error }
        fail(error, at: path, isFromFolder: true)
    }

    private mutating func fail(_ error: SourceError, at path: SourcePath, isFromFolder: Bool) {
        failures.append(
            SourceFailure(
                error: error, source: Self.absolute("\(path)"), isFromFolder: isFromFolder))
    }

    private func formatInFolder(_ path: SourcePath) -> SourceFormat? {
        let format = SourceFormat.of(fileName: Self.fileName(path))
        guard let chosenFormat else { return format?.isReadInFolders == true ? format : nil }
        if format == chosenFormat || !patterns.include.isEmpty { return chosenFormat }
        // Markdown counts as text, too.
        return chosenFormat == .text && format == .markdown
            || chosenFormat == .markdown && format == .text ? chosenFormat : nil
    }

    private static func fileName(_ path: SourcePath) -> String {
        ("\(path)" as NSString).lastPathComponent
    }

    private mutating func append(
        _ path: SourcePath, _ entry: FolderListing.Entry, format: SourceFormat?,
        isFromFolder: Bool = false
    ) {
        if let identity = entry.identity { seen.insert(identity) }
        var (size, isStream) = (0, true)
        if case .file(let bytes) = entry.kind { (size, isStream) = (bytes, false) }
        let source = Self.absolute("\(path)")
        let prefix = baseFolder.hasSuffix("/") ? baseFolder : baseFolder + "/"
        let name =
            source.startsWithBytes(of: prefix)
            ? String(decoding: source.utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : source
        files.append(
            InputFile(
                path: "\(path)", location: path, source: source, name: name, format: format,
                size: size, isStream: isStream, modified: entry.modified, version: entry.version,
                isFromFolder: isFromFolder))
    }

    /// The absolute path, without `.`, `..` and repeated slashes; links are not resolved.
    static func absolute(_ path: String) -> String {
        "/"
            + SourcePath(path).absoluteNames.map { String(decoding: $0, as: UTF8.self) }
            .joined(separator: "/")
    }

    private static func reason(_ code: Int32) -> String {
        "cannot be read: \(String(cString: strerror(code)))"
    }
}

extension SourcePath {
    /// The names in the absolute path, without `.` and `..`; links are not resolved.
    fileprivate var absoluteNames: [[UInt8]] {
        let current = Array(FileManager.default.currentDirectoryPath.utf8)
        let full = bytes.first == UInt8(ascii: "/") ? bytes : current + [47] + bytes
        var names: [[UInt8]] = []
        for name in full.split(separator: UInt8(ascii: "/")) where !name.elementsEqual(".".utf8) {
            if name.elementsEqual("..".utf8) {
                _ = names.popLast()
            } else {
                names.append(Array(name))
            }
        }
        return names
    }
}
