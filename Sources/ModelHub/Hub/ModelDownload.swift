import FileFormat
import Foundation
import JSON
import TextBytes

/// How far a download has come.
public struct DownloadProgress: Sendable {
    /// Bytes that are there, those of earlier runs included.
    public var done: Int
    /// Of these, the bytes that were there when this run began.
    public var before: Int
    /// Bytes of the whole model; nil if the hub does not say it.
    public var total: Int?
    /// The file that is being fetched.
    public var file: String
    /// What is waited for, if nothing moves.
    public var note: String?
}

/// Downloads a model from the hub into the store.
///
///     .NAME.download/         hidden from the store's list
///         lock                held by the process that downloads
///         plan.json           the commit and the files
///         parts/HASH          a file that is not whole, or not checked yet
///         model/FILE          files that are whole and checked
///     NAME/                   `model`, renamed when nothing is missing
///
/// 1. `NAME` appears whole or not at all: it is renamed after its last file is checked and on the disk.
/// 2. A killed download leaves `.NAME.download`, and the next one of that name continues it, as far as
///    the files are still the same by size and hash.
/// 3. A download that fails for its content (a wrong hash) leaves nothing.
public struct ModelDownload {
    /// The hub, and who asks.
    public let settings: HubSettings
    /// Gets the model.
    public let store: ModelStore
    /// Waits before another try, in seconds.
    public var pause: (Double) -> Void = { Thread.sleep(forTimeInterval: $0) }
    /// Called often.
    public var progress: (DownloadProgress) -> Void = { _ in }

    /// Nothing is asked before `run`.
    public init(settings: HubSettings, store: ModelStore) {
        (self.settings, self.store) = (settings, store)
    }

    /// Left free on the disk.
    private static let reserve = 16 << 20

    /// - Parameters:
    ///   - name: of the entry.
    /// - Returns: the entry's folder.
    /// - Throws: ``HubError``, ``ModelStoreError``, or a file's error.
    public func run(_ reference: HuggingFaceReference, as name: String) throws -> URL {
        try store.checkFree(name)
        guard !settings.isOffline else {
            throw HubError.offline("hf:\(reference.repository)")
        }
        let client = try HubClient(settings, repository: reference.repository, pause: pause)
        let listing = try client.listing(revision: reference.revision)
        // All files of one commit, whatever happens to the branch meanwhile.
        let revision = listing.commit ?? reference.revision
        let files = try HubSelection.files(
            of: listing, repository: reference.repository, named: reference.file
        ).map { file in
            file.size != nil && file.sha256 ?? file.gitBlob != nil
                ? file : try client.facts(of: file, revision: revision)
        }
        let origin = ModelOrigin(
            endpoint: settings.endpoint, repository: reference.repository,
            revision: reference.revision, commit: listing.commit, file: reference.file,
            license: listing.license)

        let workplace = try Workplace(store: store, name: name)
        try store.checkFree(name)
        try workplace.prepare(files, revision: revision)
        do {
            try fetch(files, revision: revision, client, workplace)
            try workplace.finish(origin)
        } catch {
            switch error as? HubError {
            case .mismatch, .wrongSize: workplace.remove()
            default: break
            }
            throw error
        }
        return store.folder.appendingPathComponent(name)
    }

    /// Sizes are the hub's claims: a sum that overflows is as much as there can be.
    private static func sum(_ one: Int, _ other: Int) -> Int {
        let (sum, overflow) = one.addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    private func fetch(
        _ files: [HubFile], revision: String, _ client: HubClient, _ workplace: Workplace
    ) throws {
        let sizes = files.compactMap(\.size)
        let total = sizes.count == files.count ? sizes.reduce(0, Self.sum) : nil
        var done = files.reduce(0) { $0 + (workplace.has($1) ? $1.size ?? 0 : 0) }
        let missing = files.filter { !workplace.has($0) }
        var (before, left) = (done, 0)
        for file in missing {
            let size = FileDownload.size(of: workplace.part(file))
            before += size
            left = Self.sum(left, max(0, (file.size ?? 0) - size))
        }
        if let available = workplace.availableBytes, left > available - Self.reserve {
            throw HubError.diskFull(
                folder: store.folder.path, needed: Self.sum(left, Self.reserve),
                available: available)
        }
        // Small files first: an error in one shows before gigabytes are fetched.
        for file in missing.sorted(by: { ($0.size ?? 0, $0.path) < ($1.size ?? 0, $1.path) }) {
            func report(_ count: Int, _ note: String? = nil) {
                progress(
                    DownloadProgress(
                        done: done + count, before: before, total: total, file: file.path,
                        note: note))
            }
            var download = FileDownload(
                client: client, file: file, revision: revision, part: workplace.part(file))
            download.progress = { report($0) }
            download.note = { report(FileDownload.size(of: workplace.part(file)), $0) }
            try download.run()
            done += FileDownload.size(of: workplace.part(file))
            try workplace.accept(file)
        }
    }
}
