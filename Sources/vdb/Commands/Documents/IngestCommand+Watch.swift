import FileFormat
import Foundation
import VectorDatabase

extension IngestCommand {
    /// `--watch`: ingests what changes, until the task is canceled.
    ///
    /// What has changed is found by comparing the files' sizes and times with the last time; the
    /// system's notice only says when to look.
    func watch(
        _ collection: DocumentCollection, after first: SourceSnapshot, _ rejects: RejectsFile?
    ) async throws {
        let signal = ChangeSignal(self)
        if !general.quiet {
            Messages.line("watching for changes\(signal.manner); interrupt to stop")
        }
        var snapshot = first
        var complaint: String?
        var told = Set<String>()
        do {
            while true {
                try await signal.wait(snapshot.folders, isBroken: complaint != nil)
                let problem = try await pass(collection, &snapshot, rejects, &told)
                if let problem, problem != complaint, !general.quiet { Messages.error(problem) }
                complaint = problem
            }
        } catch is CancellationError {
            // The way to end.
        }
    }

    /// Ingests what has changed since the snapshot, and makes a new one.
    ///
    /// - Parameter told: failures that have been told.
    /// - Returns: why nothing could be done for now, if it could not.
    private func pass(
        _ collection: DocumentCollection, _ snapshot: inout SourceSnapshot,
        _ rejects: RejectsFile?, _ told: inout Set<String>
    ) async throws -> String? {
        do {
            let reader = try openReader(rejects, changedSince: snapshot)
            if reader.sources.isEmpty, reader.goneSources.isEmpty {
                snapshot = reader.snapshot
                return nil
            }
            if synchronize.maxDelete == nil, reader.snapshot.isEmpty {
                return "there are no files any more; their documents stay until there are some, or "
                    + "with --max-delete"
            }
            let report = IngestReport(reader.progress, self, rejects, told: told)
            let limit = try deletionLimit(in: collection)
            try await ingest(
                reader, into: collection, report,
                adapting: { options in
                    options.synchronizedSources = reader.sources + reader.goneSources
                    options.deletionLimit = limit
                })
            told = report.told
            snapshot = reader.snapshot
            return nil
        } catch let error as DatabaseError {
            guard case .locked = error else { throw error }
            return error.sentence
        } catch let error as SourceError {
            guard case .missing = error, onError != .stop else { throw error }
            return error.sentence
        }
    }

    /// The limit as a number, since percentages are of all documents rather than those of the changed
    /// files.
    private func deletionLimit(
        in collection: DocumentCollection
    ) throws -> IngestOptions.DeletionLimit {
        switch synchronize.maxDelete?.limit {
        case nil, .notAll: .documents(.max)
        case .documents(let count): .documents(count)
        case .percent(let share):
            .documents(Int(Double(try collection.exists ? collection.count() : 0) * share / 100))
        }
    }
}

/// Tells `--watch` when to look for changes.
private final class ChangeSignal {
    private let interval: Duration
    #if os(Linux)
        private var events: FolderEvents?
    #endif

    /// How often to look if the system does not tell.
    private static let defaultInterval = Duration.seconds(2)
    /// Changes are awaited for so long after one, since they come in bursts.
    private static let quiet = Duration.milliseconds(300)
    /// But no longer than this in all.
    private static let longest = Duration.seconds(5)

    init(_ command: IngestCommand) {
        interval = command.synchronize.poll.map { .seconds($0) } ?? Self.defaultInterval
        #if os(Linux)
            guard command.synchronize.poll == nil else { return }
            let database = Array(
                command.arguments.location.path?.utf8.split(separator: 47).last ?? [])
            let readsHidden = command.hidden
            events = try? FolderEvents { name in
                if !database.isEmpty, name.starts(with: database) { return false }
                return readsHidden || name.first != UInt8(ascii: ".")
                    || [".gitignore", ".ignore"].contains { name.elementsEqual($0.utf8) }
            }
        #endif
    }

    /// How changes are found, for the message.
    var manner: String {
        #if os(Linux)
            if events != nil { return "" }
        #endif
        return " every \(interval.components.seconds) s"
    }

    /// Waits for a change in the folders, and until no more come.
    ///
    /// - Parameter isBroken: whether something is missing, so that its folder may be, too.
    func wait(_ folders: [SourcePath], isBroken: Bool) async throws {
        #if os(Linux)
            if let events, !isBroken {
                let coverage: FolderEvents.Coverage
                do throws(FileError) {
                    coverage = try events.watch(folders.map(\.bytes))
                } catch {
                    self.events = nil
                    Messages.error(
                        "\(error); looking for changes\(manner) instead "
                            + "(sysctl fs.inotify.max_user_watches says how many folders can be watched)"
                    )
                    return
                }
                switch coverage {
                case .unchanged: break
                // What happened before a folder was watched is found by looking.
                case .new: return
                case .missing: return try await Task.sleep(for: interval)
                }
                for await _ in events.changes { break }
                let began = ContinuousClock.now
                repeat {
                    try await Task.sleep(for: .milliseconds(50))
                } while ContinuousClock.now - events.lastChange < Self.quiet
                    && ContinuousClock.now - began < Self.longest
                return
            }
        #endif
        try await Task.sleep(for: interval)
    }
}
