import FileFormat
import Foundation
import TextBytes

/// One file on its way from the hub: a part that grows, and is checked when it is whole.
///
///     PART        the bytes so far, from the front
///     PART.tag    what the server calls the content that they are of (its ETag), written before them
///
/// A part is continued with `Range`, and `If-Range` has the server send the whole file if the content
/// is another one by then; without a strong ETag the hash at the end would tell, and without that a
/// part is begun again.
struct FileDownload {
    let client: HubClient
    let file: HubFile
    let revision: String
    /// Where the part lies.
    let part: String
    /// Gets the number of the file's bytes that are there.
    var progress: (Int) -> Void = { _ in }
    var note: (String) -> Void = { _ in }

    private var tagPath: String { part + ".tag" }

    /// Of a file whose size nobody says.
    static let largestUnknown = 256 << 20

    /// Fetches what is missing and checks all. Afterwards the part is the file, durably.
    ///
    /// - Throws: `HubError.mismatch` or `.wrongSize`, after which there is no part; `FileError`.
    func run() throws {
        let hadPart = Self.size(of: part) > 0
        do { return try fetchAndCheck() } catch let error as HubError {
            guard error.isAboutContent else { throw error }
            discard()
            // What an earlier run left may have been damaged on this disk since.
            guard hadPart else { throw error }
        }
        do { try fetchAndCheck() } catch let error as HubError {
            if error.isAboutContent { discard() }
            throw error
        }
    }

    private func fetchAndCheck() throws {
        let writer = try PartWriter(part)
        // A server that always begins at the front and breaks off makes no progress.
        var furthest = writer.count
        var linked = HubClient.Linked()
        try client.retrying(note: note) { hasAdvanced in
            let start = resumableSize(writer)
            if let size = file.size, start == size, size > 0 { return }
            if start == 0 { try writer.restart() }
            var expected: Int?
            var hasBegun = false
            let answer = try client.content(
                of: file, revision: revision, headers: rangeHeaders(start)
            ) { response, piece in
                if !hasBegun {
                    let start = try begin(response, asked: start, writer)
                    expected = response.byteCount("content-length").map { $0 + start }
                    hasBegun = true
                }
                guard writer.count + piece.count <= file.size ?? Self.largestUnknown else {
                    throw wrongSize(writer.count + piece.count)
                }
                try writer.append(piece)
                if writer.count >= furthest + Self.progressStep {
                    (furthest, hasAdvanced) = (writer.count, true)
                }
                progress(writer.count)
            }
            if answer.response.status == 416 { try refuseRange(writer) }
            if !hasBegun { _ = try begin(answer.response, asked: start, writer) }
            linked = answer.linked
            let whole = file.size ?? linked.size ?? expected ?? writer.count
            guard writer.count >= whole else {
                throw HubError.transfer(
                    .failed(
                        url: file.path, code: 18,
                        reason: "the connection ended after \(writer.count) of \(whole) bytes"))
            }
        }
        try writer.close()
        try check(linked)
        try? FileManager.default.removeItem(atPath: tagPath)
    }

    /// So many more bytes are progress, after which failures are counted from 0 again.
    private static let progressStep = 1 << 16

    private func rangeHeaders(_ start: Int) -> [(name: String, value: String)] {
        guard start > 0 else { return [] }
        return [("Range", "bytes=\(start)-")] + (strongTag().map { [("If-Range", $0)] } ?? [])
    }

    /// The server does not continue the part: the next try begins at the front.
    private func refuseRange(_ writer: PartWriter) throws -> Never {
        discard()
        try writer.restart()
        throw HubError.transfer(
            .failed(url: file.path, code: 18, reason: "the server does not continue it"))
    }

    /// How many bytes of the part can be continued from; 0 if it must be begun again.
    private func resumableSize(_ writer: PartWriter) -> Int {
        let size = writer.count
        if let whole = file.size, size > whole { return 0 }
        let isChecked = file.sha256 != nil || file.gitBlob != nil
        return isChecked || strongTag() != nil ? size : 0
    }

    private func strongTag() -> String? {
        guard let data = FileManager.default.contents(atPath: tagPath),
            let tag = String(validating: data, as: UTF8.self), Self.isStrong(tag)
        else { return nil }
        return tag
    }

    /// A quoted text; a weak one (`W/"…"`) says too little.
    private static func isStrong(_ tag: String) -> Bool {
        3...512 ~= tag.utf8.count && tag.hasPrefix("\"") && tag.hasSuffix("\"")
            && tag.utf8.allSatisfy { 33...126 ~= $0 }
    }

    /// Sets the part up for the body that now comes, and says where that begins.
    private func begin(
        _ response: HTTPResponse, asked: Int, _ writer: PartWriter
    ) throws -> Int {
        if response.status == 206, asked > 0 {
            let range = ContentRange(response["content-range"])
            let isSame = response["etag"].map { tag in
                strongTag().map { $0.hasSameBytes(as: tag) } ?? true
            }
            if range?.start == asked, isSame ?? true,
                range?.total == nil || file.size == nil || range?.total == file.size
            {
                return asked
            }
            try refuseRange(writer)
        }
        guard response.status == 200 else {
            throw HubError.badAnswer(
                url: file.path, problem: "a part of the file, which was not asked for")
        }
        if let size = file.size, let announced = response.byteCount("content-length"),
            announced != size
        {
            throw wrongSize(announced)
        }
        try writer.restart()
        try? FileManager.default.removeItem(atPath: tagPath)
        if let tag = response["etag"], Self.isStrong(tag) {
            let file = try AtomicFile(path: tagPath)
            try file.write(Array(tag.utf8))
            try file.commit()
        }
        return 0
    }

    private func wrongSize(_ found: Int) -> HubError {
        .wrongSize(file: file.path, expected: file.size ?? Self.largestUnknown, found: found)
    }

    /// Compares the part with what the hub says of the file, in its list and with the content.
    private func check(_ linked: HubClient.Linked) throws {
        let size = Self.size(of: part)
        if let expected = file.size ?? linked.size, size != expected { throw wrongSize(size) }
        for hash in Set([file.sha256, linked.sha256].compactMap(\.self)) {
            try compare(.sha256, "SHA-256", hash)
        }
        if let hash = file.gitBlob { try compare(.gitBlob(size: size), "Git hash", hash) }
    }

    private func compare(_ kind: ContentDigest.Kind, _ name: String, _ expected: String) throws {
        guard let digest = ContentDigest(kind) else { throw HubError.noDigests }
        let stream = try DescriptorStream(path: part)
        try withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 16) { buffer in
            while true {
                let count = try stream.read(into: buffer)
                if count == 0 { return }
                digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
        let found = digest.finalize()
        guard found == expected else {
            throw HubError.mismatch(
                file: file.path, algorithm: name, expected: expected, found: found)
        }
    }

    private func discard() {
        try? FileManager.default.removeItem(atPath: tagPath)
        try? FileManager.default.removeItem(atPath: part)
    }

    static func size(of path: String) -> Int {
        let facts = try? FileManager.default.attributesOfItem(atPath: path)
        return (facts?[.size] as? NSNumber)?.intValue ?? 0
    }
}

extension HubError {
    /// Whether the bytes that came are not those that should have come.
    fileprivate var isAboutContent: Bool {
        switch self {
        case .mismatch, .wrongSize: true
        default: false
        }
    }
}

/// `bytes 100-199/1000`
struct ContentRange: Equatable {
    let start: Int
    /// Nil if the server does not say it (`*`).
    let total: Int?

    init?(_ header: String?) {
        guard let header, header.lowercased().hasPrefix("bytes ") else { return nil }
        let parts = header.dropFirst(6).split(separator: "/")
        guard parts.count == 2, let range = parts.first?.split(separator: "-"), range.count == 2,
            let start = Int(range[0]), start >= 0
        else { return nil }
        self.start = start
        total = Int(parts[1])
    }
}

/// Appends to a part.
private final class PartWriter {
    private let path: String
    private let system = SystemFileSystem()
    private var descriptor: Int32
    /// Bytes in the file.
    private(set) var count: Int

    init(_ path: String) throws {
        self.path = path
        descriptor = try system.uninterrupted { system throws(FileError) in
            try system.open(path, flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o644)
        }
        count = try system.size(descriptor, path: path)
    }

    deinit { if descriptor >= 0 { system.close(descriptor) } }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        try system.writeFully(descriptor, bytes, path: path)
        count += bytes.count
    }

    /// Begins again at the front. The file gets its name back, if it has lost it.
    func restart() throws {
        system.close(descriptor)
        descriptor = -1
        descriptor = try system.uninterrupted { system throws(FileError) in
            try system.open(path, flags: O_WRONLY | O_CREAT | O_APPEND | O_TRUNC, mode: 0o644)
        }
        count = 0
    }

    /// Makes the bytes survive a power cut.
    func close() throws {
        try system.uninterrupted { system throws(FileError) in
            try system.synchronize(descriptor, path: path)
        }
        system.close(descriptor)
        descriptor = -1
    }
}
