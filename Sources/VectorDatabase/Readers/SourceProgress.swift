import Synchronization
import TextBytes

/// The progress of a ``DocumentReader``. Safe to read from any thread.
public final class SourceProgress: Sendable {
    /// The size of all files on disk, in bytes; `nil` if any is unknown, as for standard input.
    public let totalBytes: Int?
    /// The number of files to read.
    public let files: Int

    private struct State {
        var bytes = 0
        var failed = 0
        var failures: [SourceFailure] = []
        var failedSources: Set<Identifier> = []
        var firstInFolder: SourceFailure?
        var passedOver: [PassedOverFile]
        var warnings: [SourceWarning] = []
        var exported: CollectionSettings?
    }

    private let state: Mutex<State>

    /// The most failures that ``failures`` keeps.
    public static let failuresKept = 100

    private let failedHandler: (@Sendable (SourceFailure) -> Void)?

    init(totalBytes: Int?, files: Int, walk: FileWalk, options: SourceOptions) {
        failedHandler = options.failed
        self.totalBytes = totalBytes
        self.files = files
        state = Mutex(State(passedOver: walk.passedOver))
        for failure in walk.failures { fail(failure) }
    }

    /// Bytes read so far, before decompression.
    public var bytes: Int { state.withLock { $0.bytes } }
    /// The number of records, files and folders that could not be read.
    public var failed: Int { state.withLock { $0.failed } }
    /// The first ``failuresKept`` failures.
    public var failures: [SourceFailure] { state.withLock { $0.failures } }
    /// The first failure in a folder; `nil` if there was none. It does not end the iteration, but a
    /// program should not report complete success.
    public var firstFailureInFolder: SourceFailure? { state.withLock { $0.firstInFolder } }

    /// The files with failures, and the folders that cannot be read, as ``Document/Source/path``
    /// names them.
    public var failedSources: Set<Identifier> { state.withLock { $0.failedSources } }

    /// Warnings about files that were read, the first ``failuresKept`` of them.
    public var warnings: [SourceWarning] { state.withLock { $0.warnings } }

    /// Files that were skipped by design: in folders those of other formats, ignored and hidden ones,
    /// and empty ones.
    public var passedOver: [PassedOverFile] { state.withLock { $0.passedOver } }

    /// The settings in the export being read; `nil` before its first line, and for other files.
    public var exported: CollectionSettings? { state.withLock { $0.exported } }

    func note(_ exported: CollectionSettings) { state.withLock { $0.exported = exported } }

    func advance(to bytes: Int) { state.withLock { $0.bytes = max($0.bytes, bytes) } }

    func passOver(_ file: PassedOverFile) { state.withLock { $0.passedOver.append(file) } }

    func warn(_ warning: SourceWarning) {
        state.withLock { state in
            // The parts of a long file all say the same.
            if state.warnings.last == warning { return }
            if state.warnings.count < Self.failuresKept { state.warnings.append(warning) }
        }
    }

    func fail(_ failure: SourceFailure) {
        failedHandler?(failure)
        state.withLock { state in
            state.failed += 1
            state.failedSources.insert(Identifier(failure.source))
            if failure.isFromFolder, state.firstInFolder == nil { state.firstInFolder = failure }
            if state.failures.count < Self.failuresKept { state.failures.append(failure) }
        }
    }
}
