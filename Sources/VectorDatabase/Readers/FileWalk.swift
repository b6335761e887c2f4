import FileFormat
import Foundation
import TextBytes

/// Finds the files that paths stand for, in a fixed order.
struct FileWalk {
    private(set) var files: [InputFile] = []
    /// Files in folders that are skipped by design.
    private(set) var passedOver: [PassedOverFile] = []
    /// Folders and links that should be read but cannot be examined.
    private(set) var failures: [SourceFailure] = []

    private let options: SourceOptions
    private let baseFolder: String

    /// A path is a file, a folder, or `-`. Folders are walked in the byte order of names; hidden
    /// files and folders are skipped, and links to folders are not followed. In a folder, only
    /// files with an extension for text or Markdown, or for the requested format, are read.
    ///
    /// An entry of a folder that cannot be examined is added to `failures`. So is a given path if
    /// `options.skipsFailures`; otherwise it ends the walk with an error.
    init(_ paths: [SourcePath], options: SourceOptions) throws(SourceError) {
        self.options = options
        baseFolder = Self.absolute(options.baseFolder ?? ".")
        for path in paths {
            do throws(SourceError) { try add(path) } catch {
                guard options.skipsFailures else { throw error }
                fail(error, at: path, isFromFolder: false)
            }
        }
    }

    private mutating func add(_ path: SourcePath) throws(SourceError) {
        if path == SourcePath("-") {
            files.append(
                InputFile(
                    path: "-", location: path, source: "-",
                    name: options.numbersStreams ? "stdin" : "", format: chosenFormat, size: 0))
            return
        }
        switch FolderListing.kind(of: path.bytes) {
        case .unknown(let code):
            if code == ENOENT || code == ENOTDIR { throw .missing(path: "\(path)") }
            throw .unreadable(path: "\(path)", reason: Self.reason(code))
        case .brokenLink: throw .missing(path: "\(path)")
        case .folder, .linkToFolder:
            let listing = try Self.list(path)
            walk(path, listing)
        case .file(let size): append(path, size: size, isFromFolder: false)
        case .special: append(path, size: 0, isFromFolder: false)
        }
    }

    private var chosenFormat: SourceFormat? {
        options.format == .automatic ? nil : options.format
    }

    private static func list(_ folder: SourcePath) throws(SourceError) -> FolderListing {
        do throws(FileError) { return try FolderListing(folder.bytes, name: "\(folder)") } catch {
            guard case .system(_, _, let code) = error else { throw .missing(path: "\(folder)") }
            throw .unreadable(path: "\(folder)", reason: Self.reason(code))
        }
    }

    private mutating func walk(_ folder: SourcePath, _ listing: FolderListing) {
        for entry in listing.entries where entry.name.first != UInt8(ascii: ".") {
            let path = folder.appending(entry.name)
            if entry.kind == .folder {
                do throws(SourceError) {
                    let listing = try Self.list(path)
                    walk(path, listing)
                } catch { fail(error, at: path, isFromFolder: true) }
                continue
            }
            if entry.kind == .linkToFolder {
                passedOver.append(PassedOverFile(path: "\(path)", reason: .linkToFolder))
                continue
            }
            guard formatInFolder(path) != nil else {
                passedOver.append(PassedOverFile(path: "\(path)", reason: .name))
                continue
            }
            switch entry.kind {
            case .file(let size): append(path, size: size, isFromFolder: true)
            case .brokenLink: fail(.brokenLink(path: "\(path)"), at: path, isFromFolder: true)
            case .unknown(let code):
                fail(
                    .unreadable(path: "\(path)", reason: Self.reason(code)), at: path,
                    isFromFolder: true)
            default: passedOver.append(PassedOverFile(path: "\(path)", reason: .special))
            }
        }
    }

    private mutating func fail(_ error: SourceError, at path: SourcePath, isFromFolder: Bool) {
        failures.append(
            SourceFailure(
                error: error, source: Self.absolute("\(path)"), isFromFolder: isFromFolder))
    }

    private func formatInFolder(_ path: SourcePath) -> SourceFormat? {
        let format = SourceFormat.of(fileName: Self.fileName(path))
        guard let chosenFormat else {
            return format == .text || format == .markdown ? format : nil
        }
        if format == chosenFormat { return format }
        // Markdown counts as text, too.
        return chosenFormat == .text && format == .markdown
            || chosenFormat == .markdown && format == .text ? chosenFormat : nil
    }

    private static func fileName(_ path: SourcePath) -> String {
        ("\(path)" as NSString).lastPathComponent
    }

    private mutating func append(_ path: SourcePath, size: Int, isFromFolder: Bool) {
        let source = Self.absolute("\(path)")
        let prefix = baseFolder.hasSuffix("/") ? baseFolder : baseFolder + "/"
        let name =
            source.startsWithBytes(of: prefix)
            ? String(decoding: source.utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : source
        let format =
            isFromFolder
            ? formatInFolder(path)
            : chosenFormat ?? SourceFormat.of(fileName: Self.fileName(path))
        files.append(
            InputFile(
                path: "\(path)", location: path, source: source, name: name, format: format,
                size: size, isFromFolder: isFromFolder))
    }

    /// The absolute path, without `.`, `..` and repeated slashes; links are not resolved.
    static func absolute(_ path: String) -> String {
        let full =
            path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
        var parts: [Substring] = []
        for part in full.pathComponents where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    private static func reason(_ code: Int32) -> String {
        "cannot be read: \(String(cString: strerror(code)))"
    }
}

/// A file in a folder that was skipped by design; it is not a failure.
public struct PassedOverFile: Sendable, Hashable {
    /// Why a file was skipped.
    public enum Reason: Sendable, Hashable, CaseIterable {
        /// Its extension is not that of text, Markdown, or the requested format.
        case name
        /// It has no content but white space.
        case empty
        /// It is a link to a folder. These are not followed, since they may form cycles.
        case linkToFolder
        /// It is a pipe, a socket or a device.
        case special
    }

    /// The file's path, as text; see ``SourcePath``.
    public let path: String
    /// Why it was skipped.
    public let reason: Reason
}

/// A file, folder or record that could not be read and was skipped.
public struct SourceFailure: Sendable, Equatable {
    /// Why it could not be read.
    public let error: SourceError
    /// The file as ``Document/Source/path`` names it, or the folder's absolute path.
    public let source: String
    /// Whether the file was found in a folder, rather than given.
    public let isFromFolder: Bool
}
