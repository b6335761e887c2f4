import FileFormat
import Foundation

/// The files that paths stand for, in a fixed order.
struct FileWalk {
    private(set) var files: [InputFile] = []
    /// What in folders is left alone.
    private(set) var passedOver: [PassedOverFile] = []
    /// What should be read and cannot be looked at: folders and links, with their sources.
    private(set) var failures: [SourceFailure] = []

    private let options: SourceOptions
    private let baseFolder: String

    /// A path is a file, a folder, or `-`. Folders are walked in the order of their names' bytes;
    /// hidden files and folders are left out, links to folders are not followed. Of a folder's files
    /// those are read whose extension says they are text or Markdown, or of the format asked for.
    ///
    /// What a folder holds and cannot be looked at becomes one of `failures`. So does a path
    /// itself if `options.skipsFailures`; otherwise it ends the walk.
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
        // Markdown is text as well.
        return chosenFormat == .text && format == .markdown
            || chosenFormat == .markdown && format == .text ? chosenFormat : nil
    }

    private static func fileName(_ path: SourcePath) -> String {
        ("\(path)" as NSString).lastPathComponent
    }

    private mutating func append(_ path: SourcePath, size: Int, isFromFolder: Bool) {
        let source = Self.absolute("\(path)")
        let prefix = baseFolder.hasSuffix("/") ? baseFolder : baseFolder + "/"
        let name = source.hasPrefix(prefix) ? String(source.dropFirst(prefix.count)) : source
        let format =
            isFromFolder
            ? formatInFolder(path)
            : chosenFormat ?? SourceFormat.of(fileName: Self.fileName(path))
        files.append(
            InputFile(
                path: "\(path)", location: path, source: source, name: name, format: format,
                size: size, isFromFolder: isFromFolder))
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

    private static func reason(_ code: Int32) -> String {
        "cannot be read: \(String(cString: strerror(code)))"
    }
}

/// A file in a folder that is left alone: it is no failure.
public struct PassedOverFile: Sendable, Hashable {
    public enum Reason: Sendable, Hashable, CaseIterable {
        /// Its name does not say that it is text, Markdown, or of the format asked for.
        case name
        /// It is empty, or holds white space only.
        case empty
        /// It is a link to a folder. Links are not followed, since they may lead round in circles.
        case linkToFolder
        /// It is a pipe, a socket or a device.
        case special
    }

    public let path: String
    public let reason: Reason
}

/// A file, folder or record that could not be read and was left out.
public struct SourceFailure: Sendable, Equatable {
    public let error: SourceError
    /// As `Document.Source.path` names the file; for a folder, its path.
    public let source: String
    /// Whether the file was found in a folder, rather than named.
    public let isFromFolder: Bool
}
