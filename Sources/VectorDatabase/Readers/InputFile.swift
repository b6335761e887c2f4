import Foundation

/// A file that documents will be read from.
struct InputFile: Sendable, Equatable {
    /// As it is opened and named in messages; `-` is standard input.
    var path: String
    /// What identifies it in the database: its absolute path, or `-`.
    var source: String
    /// What the identifiers of its documents are derived from.
    var name: String
    /// `nil`: to be told from its content.
    var format: SourceFormat?
    /// Bytes; 0 where that is not known.
    var size: Int
}

/// The files that paths stand for, in a fixed order.
struct FileWalk {
    private(set) var files: [InputFile] = []
    /// Files in folders that were passed over because of their name.
    private(set) var passedOver: [String] = []

    private let options: SourceOptions
    private let baseFolder: String

    /// A path is a file, a folder, or `-`. Folders are walked in the order of their names' bytes;
    /// hidden files and folders are left out, links to folders are not followed. Of a folder's files
    /// those are read whose extension says they are text or Markdown, or of the format asked for.
    init(_ paths: [String], options: SourceOptions) throws(SourceError) {
        self.options = options
        baseFolder = Self.absolute(options.baseFolder ?? ".")
        for path in paths { try add(path) }
    }

    private mutating func add(_ path: String) throws(SourceError) {
        if path == "-" {
            files.append(
                InputFile(path: "-", source: "-", name: "stdin", format: chosenFormat, size: 0))
            return
        }
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .missing(path: path) }
            throw .unreadable(path: path, reason: "cannot be read: \(Self.systemMessage)")
        }
        if status.st_mode & S_IFMT == S_IFDIR {
            try walk(path)
        } else {
            let fileName = (path as NSString).lastPathComponent
            append(
                path, format: chosenFormat ?? SourceFormat.of(fileName: fileName),
                size: Int(status.st_size))
        }
    }

    private var chosenFormat: SourceFormat? {
        options.format == .automatic ? nil : options.format
    }

    private mutating func walk(_ folder: String) throws(SourceError) {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw .unreadable(
                path: folder, reason: "the folder cannot be read")
        }
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        where !name.hasPrefix(".") {
            let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
            var link = stat()
            guard lstat(path, &link) == 0 else { continue }
            if link.st_mode & S_IFMT == S_IFDIR {
                try walk(path)
                continue
            }
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            guard let format = formatInFolder(name) else {
                passedOver.append(path)
                continue
            }
            append(path, format: format, size: Int(status.st_size))
        }
    }

    private func formatInFolder(_ name: String) -> SourceFormat? {
        let format = SourceFormat.of(fileName: name)
        guard let chosenFormat else {
            return format == .text || format == .markdown ? format : nil
        }
        if format == chosenFormat { return format }
        // Markdown is text as well.
        return chosenFormat == .text && format == .markdown
            || chosenFormat == .markdown && format == .text ? chosenFormat : nil
    }

    private mutating func append(_ path: String, format: SourceFormat?, size: Int) {
        let source = Self.absolute(path)
        let prefix = baseFolder.hasSuffix("/") ? baseFolder : baseFolder + "/"
        let name = source.hasPrefix(prefix) ? String(source.dropFirst(prefix.count)) : source
        files.append(
            InputFile(path: path, source: source, name: name, format: format, size: size))
    }

    /// From the root, without `.`, `..` and doubled slashes; links are left as they are.
    static func absolute(_ path: String) -> String {
        let full =
            path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        var parts: [Substring] = []
        for part in full.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    private static var systemMessage: String { String(cString: strerror(errno)) }
}
