import Synchronization

/// How far a `DocumentReader` has come. Safe to look at from any thread.
public final class SourceProgress: Sendable {
    /// Bytes of all files as they lie on disk; `nil` where that cannot be known.
    public let totalBytes: Int?
    /// Files that are read.
    public let files: Int

    private struct State {
        var bytes = 0
        var failed = 0
        var failures: [SourceFailure] = []
        var failedSources: Set<String> = []
        var firstInFolder: SourceFailure?
        var passedOver: [PassedOverFile]
        var exported: CollectionSettings?
    }

    private let state: Mutex<State>

    /// Failures that are kept to be shown.
    public static let failuresKept = 100

    init(totalBytes: Int?, walk: FileWalk) {
        self.totalBytes = totalBytes
        files = walk.files.count
        state = Mutex(State(passedOver: walk.passedOver))
        for failure in walk.failures { fail(failure) }
    }

    /// Bytes read so far.
    public var bytes: Int { state.withLock { $0.bytes } }
    /// Records, files and folders left out because they could not be read.
    public var failed: Int { state.withLock { $0.failed } }
    /// The first ``failuresKept`` of them.
    public var failures: [SourceFailure] { state.withLock { $0.failures } }
    /// The first failure in a folder: such a failure ends nothing, but a program should not report
    /// complete success.
    public var firstFailureInFolder: SourceFailure? { state.withLock { $0.firstInFolder } }

    /// The files that failures are in, and folders that cannot be read, as `Document.Source.path`
    /// names them.
    public var failedSources: Set<String> { state.withLock { $0.failedSources } }

    /// Files in folders that are left alone, and empty files, which are no documents.
    public var passedOver: [PassedOverFile] { state.withLock { $0.passedOver } }

    /// What the export that is being read says of the collection that it is of.
    public var exported: CollectionSettings? { state.withLock { $0.exported } }

    func note(_ exported: CollectionSettings) { state.withLock { $0.exported = exported } }

    func advance(to bytes: Int) { state.withLock { $0.bytes = max($0.bytes, bytes) } }

    func passOver(_ file: PassedOverFile) { state.withLock { $0.passedOver.append(file) } }

    func fail(_ failure: SourceFailure) {
        state.withLock { state in
            state.failed += 1
            state.failedSources.insert(failure.source)
            if failure.isFromFolder, state.firstInFolder == nil { state.firstInFolder = failure }
            if state.failures.count < Self.failuresKept { state.failures.append(failure) }
        }
    }
}
